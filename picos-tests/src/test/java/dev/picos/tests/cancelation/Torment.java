package dev.picos.tests.cancelation;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.testing.fibers.Fibers;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Fibers that use something over and over while another one cancels them: most of them when they
 * wait, the others whenever it may be. It goes on until so many cancelations have ended a wait; how
 * many is a system property, {@code picos.tests.torment}, for runs of an hour.
 *
 * <p>The last fiber is never canceled, and so would wait for ever if it were overlooked. The first
 * one goes on until all others have ended, so that it can be of use to them.
 *
 * <p>A random scheduler's seed is that of the choices here, too, so it repeats them.
 */
final class Torment {
  private static final CancellationException ANY_TIME = new CancellationException("at any time");
  private static final CancellationException IN_WAIT = new CancellationException("in a wait");
  private static final int HITS = Integer.getInteger("picos.tests.torment", 50);
  private static final int PATIENCE = 20;

  private static volatile boolean onThreads;

  /** Uses it once. */
  interface Use {
    void run(int fiber) throws Exception;
  }

  /** A fiber that is about to use it, or does so. */
  private record Victim(Thread thread, Computation<Object> computation) {
    boolean isSuspended() {
      return thread.getState() == Thread.State.WAITING;
    }
  }

  private final int fibers;
  private final Use use;
  private final SplittableRandom random;
  private final AtomicReferenceArray<Victim> present;
  private final AtomicInteger alive;
  private final AtomicInteger hits = new AtomicInteger();
  private volatile boolean failed;

  private Torment(int fibers, Use use, long seed) {
    this.fibers = fibers;
    this.use = use;
    random = new SplittableRandom(seed);
    present = new AtomicReferenceArray<>(fibers);
    alive = new AtomicInteger(fibers);
  }

  /** Runs to the end, and then {@code check} in a fiber that nobody cancels. */
  static void run(Scheduler scheduler, int fibers, Use use, Runnable check) {
    long seed =
        scheduler instanceof RandosScheduler randos
            ? randos.seed()
            : ThreadLocalRandom.current().nextLong();
    onThreads = scheduler instanceof ThreadScheduler;
    try {
      Torment torment = new Torment(fibers, use, seed);
      scheduler.run(
          () -> {
            try {
              torment.suffer();
            } catch (Throwable thrown) {
              torment.failed = true;
              throw thrown;
            }
            check.run();
          });
    } catch (Throwable thrown) {
      throw new AssertionError("canceled at random with seed " + seed + " on " + scheduler, thrown);
    }
  }

  private void suffer() {
    List<Computation<Object>> ends = new ArrayList<>();
    for (int i = 0; i < fibers; i++) {
      int number = i;
      SplittableRandom own = random.split();
      ends.add(Fibers.start(() -> live(number, own)));
    }
    while (alive.get() > 0) {
      cancel(failed ? random.nextInt(fibers) : random.nextInt(fibers - 1));
    }
    ends.forEach(Computation::await);
  }

  private void cancel(int number) {
    pause(random.nextInt(1, 6));
    if (random.nextInt(4) > 0) {
      for (int i = 0; i < PATIENCE && !isSuspended(number); i++) {
        pause();
      }
    }
    Victim victim = present.get(number);
    if (victim != null) {
      // Suspended in this use, as it has not come to the next.
      boolean waits = victim.isSuspended() && present.get(number) == victim;
      victim.computation.tryCancel(waits ? IN_WAIT : ANY_TIME);
    }
  }

  private boolean isSuspended(int number) {
    Victim victim = present.get(number);
    return victim == null || victim.isSuspended();
  }

  private Object live(int number, SplittableRandom own) throws Exception {
    Fiber self = Fiber.current();
    try {
      while (!failed && (hits.get() < HITS || (number == 0 && alive.get() > 1))) {
        pause(own.nextInt(4)); // not in step, or nobody may wait whenever it is the turn to cancel
        Computation<Object> computation = new Computation<>();
        self.setComputation(computation);
        present.set(number, new Victim(Thread.currentThread(), computation));
        try {
          use.run(number);
        } catch (CancellationException canceled) {
          if (canceled == IN_WAIT) {
            hits.incrementAndGet();
          } else if (canceled != ANY_TIME) {
            throw canceled;
          }
        }
      }
    } catch (Throwable thrown) {
      failed = true;
      throw thrown;
    } finally {
      present.set(number, null);
      self.setComputation(new Computation<>());
      alive.decrementAndGet();
    }
    return null;
  }

  /** Does so, not for the fiber that is being canceled. */
  static <E extends Exception> void safely(Block<E> body) throws E {
    Fiber.current().runForbiddingCancelation(body);
  }

  /** Lets others run, also when the fiber is canceled. */
  static void pause() {
    pause(1);
  }

  /** Lets others run so many times. */
  static void pause(int times) {
    if (onThreads) {
      // While as many only yield as there are carriers, the JDK may never get to anybody else.
      LockSupport.parkNanos(1_000L * times);
      return;
    }
    safely(
        () -> {
          for (int i = 0; i < times; i++) {
            Fiber.yield();
          }
        });
  }
}
