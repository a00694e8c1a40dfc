package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Fibers that would keep each other busy for ever. They are stopped by a fiber that gets its turn
 * nonetheless; if none does, they give up some time.
 */
final class Busy {
  private static final int ENOUGH = 10;

  /** The greatest number of fibers that wait for their turn, so that there is memory for them. */
  private static final int MOST = 100_000;

  private final Rules rules;
  private final Computation<Boolean> begun = new Computation<>();
  private final AtomicInteger turns = new AtomicInteger();
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile boolean stopped;
  private volatile boolean gaveUp;

  Busy(Rules rules) {
    this.rules = rules;
  }

  /** Starts two fibers that wake each other. */
  void startPair() {
    Side first = new Side();
    Side second = new Side();
    first.turn.signal();
    Fibers.spawn(() -> play(first, second));
    Fibers.spawn(() -> play(second, first));
  }

  private void play(Side mine, Side theirs) {
    while (goesOn()) {
      Throwable unused = mine.turn.await();
      mine.turn = new Trigger();
      theirs.turn.signal();
    }
    // The other one may await a trigger that it has made meanwhile; if it has not made that yet, it
    // will see before it awaits it that this is over.
    theirs.turn.signal();
  }

  private static final class Side {
    private volatile Trigger turn = new Trigger();
  }

  /** Starts a fiber that spawns another and ends, as that one does, and so on. */
  void startGenerations() {
    Fiber.spawn(
        new Fiber(new Computation<>()),
        self -> {
          if (goesOn()) {
            startGenerations();
          }
        });
  }

  /** Starts a fiber that does nothing but spawn fibers, which end at once. */
  void startSpawning() {
    startRepeating(
        () -> {
          if (waiting.get() < MOST) {
            waiting.incrementAndGet();
            Fiber.spawn(new Fiber(new Computation<>()), self -> waiting.decrementAndGet());
          }
        });
  }

  /** Starts a fiber that does nothing but repeat {@code operation}. */
  void startRepeating(Block<RuntimeException> operation) {
    Fibers.spawn(
        () -> {
          while (goesOn()) {
            operation.run();
          }
        });
  }

  private boolean goesOn() {
    if (turns.incrementAndGet() == ENOUGH) {
      begun.tryReturn(true);
    }
    if (!stopped && Patience.isOver(rules)) {
      rules.gaveUp("another fiber to have its turn");
      gaveUp = true;
    }
    return !stopped && !gaveUp;
  }

  /**
   * Waits until the fibers are at it, and stops them when the calling fiber has had two turns among
   * them: one since it was woken, and one since it has yielded.
   */
  void stop() {
    begun.join();
    Fiber.yield();
    stopped = true;
    assertFalse(gaveUp, "the fiber that was to stop the others had no turn");
  }
}
