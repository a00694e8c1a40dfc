package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.std.structured.Flock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What it costs to start a fiber that does not suspend, and to join it along with many others. */
@State(Scope.Benchmark)
public class SpawnBenchmark extends Settings {
  private static final int FIBERS = 100_000;

  private final ForkJoinPool pool = new ForkJoinPool();

  /** Ends its threads. */
  @TearDown
  public void end() {
    pool.close();
  }

  /** Where a parent gives way after 100 spawns. */
  @State(Scope.Benchmark)
  public static class Quota {
    /** One that has quotas. */
    @Param({"FIFO", "MULTIFIFO1", "MULTIFIFO2"})
    public Ours scheduler = Ours.FIFO;

    private Scheduler created = ThreadScheduler.create();

    /** Makes it. */
    @Setup
    public void create() {
      created = scheduler.create(100);
    }
  }

  /** In a flock: in FIFO order all fibers are queued before the first one runs. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picosFlock(OnEach scheduler) {
    scheduler.run(SpawnBenchmark::flock);
  }

  /** In a flock, and with a quota. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picosFlockQuota100(Quota quota) {
    quota.created.run(SpawnBenchmark::flock);
  }

  private static void flock() {
    Flock.run(
        () -> {
          for (int i = 0; i < FIBERS; i++) {
            Flock.fork(() -> {});
          }
        });
  }

  /** With the operations of the core alone. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picosCoreQuota100(Quota quota) {
    quota.created.run(
        () -> {
          Computation<Object> shared = new Computation<>();
          for (int i = 0; i < FIBERS; i++) {
            Fiber.spawn(new Fiber(shared), fiber -> {});
          }
        });
  }

  /** The limit for a continuation each. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void raw() {
    RawContinuations continuations = new RawContinuations();
    for (int i = 0; i < FIBERS; i++) {
      continuations.start(() -> {});
    }
    continuations.run();
  }

  /** A virtual thread each, and a queue. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void ownExecutor() {
    OwnExecutor executor = new OwnExecutor();
    for (int i = 0; i < FIBERS; i++) {
      executor.start(() -> {});
    }
    executor.run();
  }

  /** {@link Thread#startVirtualThread} with a latch. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void jdk() throws InterruptedException {
    Jdk.call(
        () -> {
          CountDownLatch ended = new CountDownLatch(FIBERS);
          for (int i = 0; i < FIBERS; i++) {
            Thread.startVirtualThread(ended::countDown);
          }
          try {
            ended.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  /** The same, on one carrier. */
  @Benchmark
  @Fork(jvmArgsAppend = {Jdk.ONE, Jdk.ONE_AT_MOST})
  @OperationsPerInvocation(FIBERS)
  public void jdkOneCarrier() throws InterruptedException {
    jdk();
  }

  /** A coroutine of Kotlin each, in a scope on the default dispatcher. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void kotlin() {
    Kotlin.generations(1, FIBERS, "END");
  }

  /** A task of a {@link ForkJoinPool} each. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void forkJoin() {
    pool.submit(
            () -> {
              List<ForkJoinTask<?>> tasks = new ArrayList<>(FIBERS);
              for (int i = 0; i < FIBERS; i++) {
                tasks.add(ForkJoinTask.adapt(() -> {}).fork());
              }
              tasks.forEach(ForkJoinTask::join);
            })
        .join();
  }
}
