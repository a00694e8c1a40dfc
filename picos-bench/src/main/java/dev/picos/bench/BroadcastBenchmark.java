package dev.picos.bench;

import dev.picos.std.structured.Flock;
import dev.picos.std.sync.Broadcast;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** What it costs to tell four fibers something, for each of them. */
public class BroadcastBenchmark extends OnDomains {
  private static final int READERS = 4;
  private static final int ITEMS = 100_000;

  /** A {@link Broadcast}. */
  @Benchmark
  @OperationsPerInvocation(READERS * ITEMS)
  public long picos() {
    AtomicLong sum = new AtomicLong();
    scheduler.run(
        () ->
            Flock.run(
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

  /** A {@link SubmissionPublisher} to virtual threads, with room for 1,024 items. */
  @Benchmark
  @OperationsPerInvocation(READERS * ITEMS)
  public long jdk() throws InterruptedException {
    AtomicLong sum = new AtomicLong();
    Jdk.call(
        () -> {
          List<CompletableFuture<Void>> ends = new ArrayList<>();
          try (SubmissionPublisher<Integer> publisher =
              new SubmissionPublisher<>(Thread::startVirtualThread, 1_024)) {
            for (int i = 0; i < READERS; i++) {
              long[] mine = {0};
              ends.add(
                  publisher.consume(item -> mine[0] += item).thenRun(() -> sum.addAndGet(mine[0])));
            }
            for (int i = 1; i <= ITEMS; i++) {
              publisher.submit(i);
            }
          }
          ends.forEach(CompletableFuture::join);
        });
    return sum.get();
  }

  /** A shared flow of Kotlin, with room for 1,024 items. */
  @Benchmark
  @OperationsPerInvocation(READERS * ITEMS)
  public long kotlin() {
    return Kotlin.broadcast(ITEMS, READERS, domains > 1);
  }
}
