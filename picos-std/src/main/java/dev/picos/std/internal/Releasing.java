package dev.picos.std.internal;

/** A request that releases something while a fiber synchronizes; its withdrawals take it back. */
public interface Releasing {
  /** What is released, which may happen only once in a synchronization. */
  Object released();

  /**
   * A withdrawal that runs whenever the synchronization has been decided, even if its own offer was
   * committed. It may wait, and what it throws comes out of the synchronization.
   */
  @FunctionalInterface
  interface Withdrawal extends Runnable {}
}
