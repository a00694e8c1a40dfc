package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.std.sync.Latch;
import java.util.concurrent.CountDownLatch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * How the cost of a fiber depends on how many live at a time, on what they do, and on how many
 * domains run them. {@code ./picos bench growth} draws it.
 */
@State(Scope.Benchmark)
public class GrowthBenchmark extends Settings {
  private static final int FIBERS = 1_000_000;

  /** What a fiber does in its life. */
  public enum Life {
    /** Ends at once. */
    END,
    /** Yields once. */
    YIELD,
    /** Waits until all have been started. */
    AWAIT
  }

  /** How many live at a time; a divisor of a million. */
  @Param("1000")
  public int fibers;

  /** What each does. */
  @Param({"END", "YIELD", "AWAIT"})
  public Life life = Life.END;

  /** How many domains, or carriers, or threads run them; those of fifo are always one. */
  @Param("1")
  public int domains;

  private Scheduler fifo = ThreadScheduler.create();
  private Scheduler multififo = fifo;

  /** Sets up the pools of threads, none of which is in use yet. */
  @Setup
  public void setUp() {
    Pools.limit(domains);
    fifo = FifoScheduler.create();
    multififo = MultiFifoScheduler.builder().domains(domains).build();
  }

  /** On fifo. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picosFifo() {
    fifo.run(this::generations);
  }

  /** On multififo. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picosMultififo() {
    multififo.run(this::generations);
  }

  private void generations() {
    Computation<Object> shared = new Computation<>();
    for (int i = 0; i < FIBERS / fibers; i++) {
      Latch ended = new Latch(fibers);
      Latch started = new Latch(1);
      for (int j = 0; j < fibers; j++) {
        Fiber.spawn(
            new Fiber(shared),
            fiber -> {
              switch (life) {
                case END -> {}
                case YIELD -> Fiber.yield();
                case AWAIT -> started.await();
              }
              ended.decr();
            });
      }
      if (life == Life.AWAIT) {
        Fiber.yield();
        started.decr();
      }
      ended.await();
    }
  }

  /** Virtual threads and latches. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void jdk() throws InterruptedException {
    Jdk.call(
        () -> {
          for (int i = 0; i < FIBERS / fibers; i++) {
            try {
              generation();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
        });
  }

  private void generation() throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(fibers);
    CountDownLatch started = new CountDownLatch(1);
    for (int j = 0; j < fibers; j++) {
      Thread.startVirtualThread(
          () -> {
            try {
              switch (life) {
                case END -> {}
                case YIELD -> Thread.yield();
                case AWAIT -> started.await();
              }
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            ended.countDown();
          });
    }
    if (life == Life.AWAIT) {
      Thread.yield();
      started.countDown();
    }
    ended.await();
  }

  /** Coroutines of Kotlin in a scope. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void kotlin() {
    Kotlin.generations(FIBERS / fibers, fibers, life.name());
  }
}
