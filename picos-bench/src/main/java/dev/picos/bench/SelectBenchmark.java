package dev.picos.bench;

import com.softwaremill.jox.Select;
import com.softwaremill.jox.SelectClause;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import java.util.List;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;

/** What it costs to receive from whichever of several rendezvous channels is first. */
public class SelectBenchmark extends OnDomains {
  private static final int ITEMS = 100_000;

  /** How many; a divisor of the number of items. */
  @Param({"2", "8"})
  public int channels;

  /** {@link Channel}s. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long picos() {
    List<Channel<Integer>> all =
        Stream.generate(Channel::<Integer>rendezvous).limit(channels).toList();
    Event<Integer> any = Event.choose(all.stream().map(Channel::receiveEvent).toList());
    return scheduler.call(
        () ->
            Bundle.call(
                bundle -> {
                  for (Channel<Integer> channel : all) {
                    bundle.fork(
                        () -> {
                          for (int i = 1; i <= ITEMS / channels; i++) {
                            channel.send(i);
                          }
                        });
                  }
                  long sum = 0;
                  for (int i = 1; i <= ITEMS; i++) {
                    sum += any.sync();
                  }
                  return sum;
                }));
  }

  /** Channels of Jox in virtual threads. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long jox() throws InterruptedException {
    List<com.softwaremill.jox.Channel<Integer>> all =
        Stream.generate(com.softwaremill.jox.Channel::<Integer>newRendezvousChannel)
            .limit(channels)
            .toList();
    for (com.softwaremill.jox.Channel<Integer> channel : all) {
      Thread.startVirtualThread(
          () -> {
            try {
              for (int i = 1; i <= ITEMS / channels; i++) {
                channel.send(i);
              }
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
    }
    long[] sum = {0};
    Jdk.call(
        () -> {
          @SuppressWarnings({"unchecked", "rawtypes"})
          SelectClause<Integer>[] clauses = new SelectClause[channels];
          try {
            for (int i = 1; i <= ITEMS; i++) {
              for (int j = 0; j < channels; j++) {
                clauses[j] = all.get(j).receiveClause();
              }
              sum[0] += Select.select(clauses);
            }
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    return sum[0];
  }

  /** Channels of Kotlin. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long kotlin() {
    return Kotlin.selectFrom(channels, ITEMS, domains > 1);
  }
}
