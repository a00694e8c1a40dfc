package dev.picos.core;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Two threads that do their parts of each round at the same time.
 *
 * <p>The calling thread makes the state of a round, plays the left part, and checks the state once
 * both parts have ended. The two meet, and then either one of them starts a little late, by a
 * different time in each round, so that they overlap in many ways. In one round of eight the left
 * part begins after the right one has ended, and in another the other way round. The left part may
 * wait for the right one (which then begins after a while), and not the other way round.
 */
final class Race<S> {
  private static final int LAGS = 64;

  private final Consumer<? super S> right;
  private volatile Round<S> begun = new Round<>(0, null);
  private volatile Round<S> met = begun;
  private volatile Round<S> leftEnded = begun;
  private volatile Round<S> ended = begun;
  private volatile Throwable failure;

  private record Round<S>(int number, S state) {
    boolean isRightFirst() {
      return number % 8 == 0;
    }

    boolean isLeftFirst() {
      return number % 8 == 4;
    }

    void lag(boolean left) {
      if (left == (number % 2 == 0)) {
        for (int i = number % LAGS; i > 0; i--) {
          Thread.onSpinWait();
        }
      }
    }
  }

  private Race(Consumer<? super S> right) {
    this.right = right;
  }

  static <S> void run(
      int rounds,
      Supplier<? extends S> setUp,
      Consumer<? super S> left,
      Consumer<? super S> right,
      Consumer<? super S> check) {
    Race<S> race = new Race<>(right);
    Thread.ofPlatform().daemon().start(race::playRight);
    try {
      for (int number = 1; number <= rounds; number++) {
        race.play(new Round<>(number, setUp.get()), left);
        check.accept(race.begun.state);
      }
    } finally {
      race.begun = null;
    }
  }

  private void play(Round<S> round, Consumer<? super S> left) {
    begun = round;
    spinUntil(() -> met == round);
    if (round.isRightFirst()) {
      awaitRight(round);
    }
    round.lag(true);
    left.accept(round.state);
    leftEnded = round;
    awaitRight(round);
  }

  private void awaitRight(Round<S> round) {
    spinUntil(() -> ended == round);
    if (failure != null) {
      throw new AssertionError("the right part failed", failure);
    }
  }

  private void playRight() {
    for (Round<S> last = ended; ; ) {
      Round<S> round = begun;
      for (int spins = 0; round == last; spins++) {
        pause(spins);
        round = begun;
      }
      if (round == null) {
        return;
      }
      met = round;
      for (int spins = 0; round.isLeftFirst() && leftEnded != round && spins < 1_100; spins++) {
        pause(spins);
      }
      round.lag(false);
      try {
        right.accept(round.state);
      } catch (Throwable t) {
        failure = t;
      }
      last = round;
      ended = round;
    }
  }

  /** Spins in the left part until the right one has done something. */
  static void spinUntil(BooleanSupplier condition) {
    for (int spins = 0; !condition.getAsBoolean(); spins++) {
      pause(spins);
    }
  }

  private static void pause(int spins) {
    if (spins < 1_000) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
  }
}
