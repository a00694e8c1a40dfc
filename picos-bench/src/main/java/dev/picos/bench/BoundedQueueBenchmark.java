package dev.picos.bench;

import dev.picos.std.structured.Bundle;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonSemaphore;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** A bounded queue as one would write it, from a lock and two semaphores. */
public class BoundedQueueBenchmark extends OnDomains {
  private static final int ITEMS = 200_000;
  private static final int CAPACITY = 64;

  private static final class OfFibers {
    private final PoisonLock lock = new PoisonLock();
    private final PoisonSemaphore room = new PoisonSemaphore(CAPACITY);
    private final PoisonSemaphore items = new PoisonSemaphore(0);
    private final ArrayDeque<Integer> queue = new ArrayDeque<>(CAPACITY);

    void put(Integer item) {
      room.acquire();
      lock.lock();
      try {
        queue.add(item);
      } finally {
        lock.unlock();
      }
      items.release();
    }

    Integer take() {
      items.acquire();
      Integer item;
      lock.lock();
      try {
        item = queue.remove();
      } finally {
        lock.unlock();
      }
      room.release();
      return item;
    }
  }

  /** From a {@link PoisonLock} and two {@link PoisonSemaphore}s. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long picos() {
    OfFibers queue = new OfFibers();
    return scheduler.call(
        () ->
            Bundle.call(
                bundle -> {
                  bundle.fork(
                      () -> {
                        for (int i = 1; i <= ITEMS; i++) {
                          queue.put(i);
                        }
                      });
                  long sum = 0;
                  for (int i = 1; i <= ITEMS; i++) {
                    sum += queue.take();
                  }
                  return sum;
                }));
  }

  private static final class OfThreads {
    private final ReentrantLock lock = new ReentrantLock();
    private final java.util.concurrent.Semaphore room =
        new java.util.concurrent.Semaphore(CAPACITY);
    private final java.util.concurrent.Semaphore items = new java.util.concurrent.Semaphore(0);
    private final ArrayDeque<Integer> queue = new ArrayDeque<>(CAPACITY);

    void put(Integer item) throws InterruptedException {
      room.acquire();
      lock.lock();
      try {
        queue.add(item);
      } finally {
        lock.unlock();
      }
      items.release();
    }

    Integer take() throws InterruptedException {
      items.acquire();
      Integer item;
      lock.lock();
      try {
        item = queue.remove();
      } finally {
        lock.unlock();
      }
      room.release();
      return item;
    }
  }

  /** From the JDK's lock and semaphores, in virtual threads. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long jdk() throws InterruptedException {
    OfThreads queue = new OfThreads();
    return ChannelBenchmark.betweenVirtualThreads(ITEMS, queue::put, queue::take);
  }

  /** From Kotlin's mutex and semaphores. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long kotlin() {
    return Kotlin.boundedQueue(ITEMS, CAPACITY, domains > 1);
  }
}
