package dev.picos.bench;

import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.std.structured.Flock;
import dev.picos.std.sync.Broadcast;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What it costs to tell four fibers something, for each of them. */
@State(Scope.Benchmark)
public class BroadcastBenchmark extends Settings {
  private static final int READERS = 4;
  private static final int ITEMS = 100_000;

  /** Fibers on fifo or on multififo; of the rivals, as many threads. */
  @Param({"1", "2"})
  public int domains;

  private Scheduler scheduler = ThreadScheduler.create();

  /** Chooses the scheduler, and sets up the pools of the rivals. */
  @Setup
  public void setUp() {
    Pools.limit(domains);
    scheduler =
        domains == 1
            ? FifoScheduler.create()
            : MultiFifoScheduler.builder().domains(domains).build();
  }

  /** A {@link Broadcast}. */
  @Benchmark
  @OperationsPerInvocation(READERS * ITEMS)
  public long picos() {
    AtomicLong sum = new AtomicLong();
    scheduler.run(
        () ->
            Flock.joinAfter(
                () -> {
                  Broadcast<Integer> broadcast = new Broadcast<>();
                  for (int i = 0; i < READERS; i++) {
                    Broadcast.Reader<Integer> reader = broadcast.tap().reader();
                    Flock.fork(
                        () -> {
                          long mine = 0;
                          for (int j = 0; j < ITEMS; j++) {
                            mine += reader.read();
                          }
                          sum.addAndGet(mine);
                        });
                  }
                  for (int i = 1; i <= ITEMS; i++) {
                    broadcast.publish(i);
                  }
                }));
    return sum.get();
  }

  /** A shared flow of Kotlin, with room for 1,024 items. */
  @Benchmark
  @OperationsPerInvocation(READERS * ITEMS)
  public long kotlin() {
    return Kotlin.broadcast(ITEMS, READERS, domains > 1);
  }
}
