package dev.picos.bench;

import dev.picos.std.channel.Channel;
import dev.picos.std.structured.Bundle;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.SynchronousQueue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;

/** What it costs to pass an item from one fiber to another. */
public class ChannelBenchmark extends OnDomains {
  private static final int ITEMS = 200_000;

  /** How many items the channel takes ahead; 0 for a rendezvous. */
  @Param({"0", "64"})
  public int capacity;

  /** A {@link Channel}. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long picos() {
    Channel<Integer> channel = capacity == 0 ? Channel.rendezvous() : Channel.buffered(capacity);
    return scheduler.call(
        () ->
            Bundle.call(
                bundle -> {
                  bundle.fork(
                      () -> {
                        for (int i = 1; i <= ITEMS; i++) {
                          channel.send(i);
                        }
                      });
                  long sum = 0;
                  for (int i = 1; i <= ITEMS; i++) {
                    sum += channel.receive();
                  }
                  return sum;
                }));
  }

  /** A queue of the JDK in virtual threads. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long jdk() throws InterruptedException {
    BlockingQueue<Integer> queue =
        capacity == 0 ? new SynchronousQueue<>() : new ArrayBlockingQueue<>(capacity);
    return betweenVirtualThreads(ITEMS, queue::put, queue::take);
  }

  /** A channel of Jox in virtual threads. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long jox() throws InterruptedException {
    com.softwaremill.jox.Channel<Integer> channel =
        capacity == 0
            ? com.softwaremill.jox.Channel.newRendezvousChannel()
            : com.softwaremill.jox.Channel.newBufferedChannel(capacity);
    return betweenVirtualThreads(ITEMS, channel::send, channel::receive);
  }

  /** How virtual threads send. */
  interface Sending {
    void send(Integer item) throws InterruptedException;
  }

  /** How virtual threads receive. */
  interface Receiving {
    Integer receive() throws InterruptedException;
  }

  static long betweenVirtualThreads(int items, Sending sender, Receiving receiver)
      throws InterruptedException {
    Thread thread =
        Thread.startVirtualThread(
            () -> {
              try {
                for (int i = 1; i <= items; i++) {
                  sender.send(i);
                }
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    long[] sum = {0};
    Jdk.call(
        () -> {
          try {
            for (int i = 1; i <= items; i++) {
              sum[0] += receiver.receive();
            }
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    thread.join();
    return sum[0];
  }

  /** A channel of Kotlin. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long kotlin() {
    return Kotlin.channel(ITEMS, capacity, domains > 1);
  }
}
