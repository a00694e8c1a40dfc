package dev.picos.tck;

import dev.picos.core.Trigger;

/** A game of two fibers that hand over to each other, each awaiting its turn. */
final class Game {
  private final Side first = new Side();
  private final Side second = new Side();
  private final int turns;

  /** Makes a game in which each plays {@code turns} times. */
  Game(int turns) {
    this.turns = turns;
    first.turn.signal();
  }

  /** Plays, and returns whether every await ended by the signal of the other. */
  boolean first() {
    return play(first, second);
  }

  /** Plays, and returns whether every await ended by the signal of the other. */
  boolean second() {
    return play(second, first);
  }

  private boolean play(Side mine, Side theirs) {
    for (int i = 0; i < turns; i++) {
      Trigger turn = mine.turn;
      if (turn.await() != null || !turn.isSignaled()) {
        return false;
      }
      mine.turn = new Trigger();
      theirs.turn.signal();
    }
    return true;
  }

  private static final class Side {
    private volatile Trigger turn = new Trigger();
  }
}
