package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.sched.fifo.FifoScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * What a fiber costs that is parked: heap bytes, its trigger and bookkeeping included. Prints ours
 * and a virtual thread parked on the same kind of executor, in the same JVM, one after the other.
 */
public final class ParkedFiberMemory {
  private static final int FIBERS = 200_000;

  private ParkedFiberMemory() {}

  /** Runs it. */
  public static void main(String[] args) {
    measureAll(); // once to warm up: interpreted frames are bigger
    long[] bytes = measureAll();
    System.out.printf(
        "bytes a parked fiber, %,d of them: picos %d, virtual thread %d, ratio %.3f; raw continuation"
            + " %d%n",
        FIBERS, bytes[0], bytes[1], (double) bytes[0] / bytes[1], bytes[2]);
  }

  private static long[] measureAll() {
    return new long[] {picos(), ownExecutor(), raw()};
  }

  private static long picos() {
    return FifoScheduler.create()
        .call(
            () -> {
              Computation<Object> shared = new Computation<>();
              List<Trigger> triggers = new ArrayList<>(FIBERS);
              long before = used();
              for (int i = 0; i < FIBERS; i++) {
                Trigger trigger = new Trigger();
                triggers.add(trigger);
                Fiber.spawn(
                    new Fiber(shared),
                    fiber -> {
                      if (trigger.await() != null) {
                        throw new IllegalStateException("canceled");
                      }
                    });
              }
              Fiber.yield();
              long after = used();
              triggers.forEach(Trigger::signal);
              return (after - before) / FIBERS;
            });
  }

  private static long ownExecutor() {
    OwnExecutor executor = new OwnExecutor();
    List<Thread> threads = new ArrayList<>(FIBERS);
    CountDownLatch parked = new CountDownLatch(FIBERS);
    long before = used();
    for (int i = 0; i < FIBERS; i++) {
      threads.add(
          executor.start(
              () -> {
                parked.countDown();
                LockSupport.park();
              }));
    }
    executor.run();
    long after = used();
    threads.forEach(LockSupport::unpark);
    executor.run();
    return (after - before) / FIBERS;
  }

  private static long raw() {
    RawContinuations continuations = new RawContinuations();
    long before = used();
    for (int i = 0; i < FIBERS; i++) {
      continuations.start(RawContinuations::yieldNow);
    }
    long[] after = new long[1];
    continuations.start(() -> after[0] = used()); // runs last, when all others have yielded
    continuations.run();
    return (after[0] - before) / FIBERS;
  }

  private static long used() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }
}
