package dev.picos.tests.cancelation;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.tests.Fibers;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Fibers that use something over and over while another one cancels them at random moments. How
 * often is a system property, {@code picos.tests.torment}, for runs of an hour.
 */
final class Torment {
  private static final CancellationException REASON = new CancellationException("by chance");
  private static final int ROUNDS = Integer.getInteger("picos.tests.torment", 300);

  /** Uses it once. */
  interface Use {
    void run(int fiber) throws Exception;
  }

  private final int fibers;
  private final Use use;
  private final AtomicReferenceArray<Computation<?>> present;
  private final AtomicInteger alive;

  private Torment(int fibers, Use use) {
    this.fibers = fibers;
    this.use = use;
    present = new AtomicReferenceArray<>(fibers);
    alive = new AtomicInteger(fibers);
  }

  /** Runs to the end, and then {@code check} in a fiber that nobody cancels. */
  static void run(Scheduler scheduler, int fibers, Use use, Runnable check) {
    Torment torment = new Torment(fibers, use);
    scheduler.run(
        () -> {
          torment.suffer();
          check.run();
        });
  }

  private void suffer() {
    List<Computation<Object>> ends = new ArrayList<>();
    for (int i = 0; i < fibers; i++) {
      int number = i;
      ends.add(Fibers.start(() -> live(number)));
    }
    SplittableRandom random = new SplittableRandom();
    while (alive.get() > 0) {
      Computation<?> one = present.get(random.nextInt(fibers));
      if (one != null) {
        one.tryCancel(REASON);
      }
      for (int i = random.nextInt(8); i > 0; i--) {
        Fiber.yield();
      }
    }
    ends.forEach(Computation::await);
  }

  private Object live(int number) throws Exception {
    Fiber self = Fiber.current();
    try {
      for (int i = 0; i < ROUNDS; i++) {
        Computation<Object> computation = new Computation<>();
        self.setComputation(computation);
        present.set(number, computation);
        try {
          use.run(number);
        } catch (CancellationException canceled) {
          if (canceled != REASON) {
            throw canceled;
          }
        }
      }
    } finally {
      present.set(number, null);
      self.setComputation(new Computation<>());
      alive.decrementAndGet();
    }
    return null;
  }

  /** Does so, not for the fiber that is being canceled. */
  static void safely(Runnable body) {
    Fiber.current().forbid(body::run);
  }
}
