package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * How evenly fibers get ahead that compute for a while and yield, over and over. Prints how many
 * such slices a fiber gets on average, and how many times that the one with the fewest and the one
 * with the most get; rivals next to ours. An argument says how many seconds a line takes.
 */
public final class Fairness {
  /** The lengths in microseconds; half of the fibers have the one, half the other. */
  private static final int[][] SLICES = {{1, 1}, {50, 50}, {1, 50}};

  private static final int[] FIBERS = {3, 100, 3_000};

  /** For how long fibers spread before their slices count. */
  private static final long BEFORE = TimeUnit.MILLISECONDS.toNanos(300);

  private static final List<Contestant> CONTESTANTS =
      List.of(
          picos("fifo", FifoScheduler.create()),
          picos("multififo, 1 domain", MultiFifoScheduler.builder().domains(1).build()),
          picos("multififo, 2 domains", MultiFifoScheduler.builder().domains(2).build()),
          picos("randos, 1 domain", RandosScheduler.builder().seed(1).build()),
          picos("randos, 2 domains", RandosScheduler.builder().seed(1).domains(2).build()),
          new Contestant(
              "jdk",
              (fibers, lives) -> Jdk.callAll(fibers, () -> live(lives.get(), Thread::yield))),
          new Contestant("kotlin", Kotlin::yieldWhile),
          new Contestant("fork-join pool", Fairness::inPool));

  private record Contestant(String name, Runner runner) {}

  /** Starts fibers, each of which yields as long as a life of its own says so; awaits their end. */
  private interface Runner {
    void run(int fibers, Supplier<BooleanSupplier> lives) throws InterruptedException;
  }

  private static Contestant picos(String name, Scheduler scheduler) {
    return new Contestant(
        name,
        (fibers, lives) ->
            scheduler.run(
                () -> {
                  Computation<Object> shared = new Computation<>();
                  for (int i = 0; i < fibers; i++) {
                    Fiber.spawn(new Fiber(shared), fiber -> live(lives.get(), Fiber::yield));
                  }
                }));
  }

  private static void live(BooleanSupplier life, Runnable yield) {
    while (life.getAsBoolean()) {
      yield.run();
    }
  }

  /**
   * A task yields by submitting itself anew. Each worker takes its own tasks first in, first out,
   * and those that others have submitted when it has none.
   */
  private static void inPool(int tasks, Supplier<BooleanSupplier> lives)
      throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(tasks);
    try (ExecutorService pool = Executors.newWorkStealingPool()) {
      for (int i = 0; i < tasks; i++) {
        BooleanSupplier life = lives.get();
        pool.execute(
            new Runnable() {
              @Override
              public void run() {
                if (life.getAsBoolean()) {
                  pool.execute(this);
                } else {
                  ended.countDown();
                }
              }
            });
      }
      ended.await();
    }
  }

  private final int[] micros;
  private final long begin = System.nanoTime() + BEFORE;
  private final long end;
  private final AtomicInteger started = new AtomicInteger();
  private final Queue<Long> counts = new ConcurrentLinkedQueue<>();

  private Fairness(int[] micros, long seconds) {
    this.micros = micros;
    end = begin + TimeUnit.SECONDS.toNanos(seconds);
  }

  /** Runs it. */
  public static void main(String[] args) throws InterruptedException {
    long seconds = Arguments.orExit(() -> Arguments.seconds(args));
    System.out.printf(
        "%-12s %6s  %-20s %14s %9s %9s%n",
        "slice", "fibers", "scheduler", "slices a fiber", "fewest", "most");
    for (int[] micros : SLICES) {
      for (int fibers : FIBERS) {
        for (Contestant contestant : CONTESTANTS) {
          Fairness fairness = new Fairness(micros, seconds);
          contestant.runner.run(fibers, () -> fairness.new Life());
          fairness.print(contestant.name);
        }
      }
    }
  }

  /** Computes for a slice, over and over, and says whether there is another one. */
  private final class Life implements BooleanSupplier {
    private final long length =
        TimeUnit.MICROSECONDS.toNanos(micros[started.getAndIncrement() % 2]);
    private long count;

    @Override
    public boolean getAsBoolean() {
      long now = System.nanoTime();
      if (now - end >= 0) {
        counts.add(count);
        return false;
      }
      while (System.nanoTime() - now < length) {
        Thread.onSpinWait();
      }
      if (now - begin >= 0) {
        count++;
      }
      return true;
    }
  }

  private void print(String name) {
    LongSummaryStatistics all = counts.stream().mapToLong(Long::longValue).summaryStatistics();
    System.out.printf(
        "%-12s %6d  %-20s %14.1f %9.2f %9.2f%n",
        micros[0] == micros[1] ? micros[0] + " us" : micros[0] + " or " + micros[1] + " us",
        all.getCount(),
        name,
        all.getAverage(),
        all.getMin() / all.getAverage(),
        all.getMax() / all.getAverage());
  }
}
