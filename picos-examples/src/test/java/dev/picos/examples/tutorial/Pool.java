package dev.picos.examples.tutorial;

import dev.picos.core.Fiber;

/** Connections to borrow; returned by {@code close}, which waits for the mutex. */
class Pool {
  private final Mutex mutex = new Mutex();
  private int free = 3;

  /** A borrowed connection. */
  interface Connection extends AutoCloseable {
    /** Asks the other end, which takes time. */
    default void ask() {
      Fiber.yield();
    }

    @Override
    void close();
  }

  final Connection borrow() {
    mutex.runLocked(() -> free--);
    return this::giveBack;
  }

  final int free() {
    return free;
  }

  void giveBack() {
    Fiber.current().runForbiddingCancelation(this::increment);
  }

  final void increment() {
    mutex.runLocked(
        () -> {
          Task.pause(); // looks whether the connection is still good
          free++;
        });
  }

  /** Gives back with cancelation permitted. */
  static final class Leaky extends Pool {
    @Override
    void giveBack() {
      increment(); // locks the mutex, which throws when the fiber is canceled
    }
  }
}
