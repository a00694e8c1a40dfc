package dev.picos.tests.linearizability;

import java.util.Objects;

/** One call of one fiber, and what came of it. */
final class Operation {
  /** What became of a call. */
  enum End {
    /** It waits to this day. */
    PENDING,
    /** It has returned, or has thrown what belongs to its contract. */
    ENDED,
    /** It has thrown the reason that its fiber was canceled with. */
    CANCELED
  }

  final int fiber;
  final String name;
  final Object argument;

  /** When it was called, in steps of the history. */
  final int called;

  private End end = End.PENDING;
  private Object result;

  /** When it ended. */
  private int ended = Integer.MAX_VALUE;

  Operation(int fiber, String name, Object argument, int called) {
    this.fiber = fiber;
    this.name = name;
    this.argument = argument;
    this.called = called;
  }

  void end(End how, Object what, int when) {
    end = how;
    result = what;
    ended = when;
  }

  End end() {
    return end;
  }

  int ended() {
    return ended;
  }

  /** What it returned, or the class of what it threw. */
  Object result() {
    return result;
  }

  boolean returned(Object value) {
    return Objects.equals(result, value);
  }

  @Override
  public String toString() {
    return "%d..%s fiber %d: %s(%s) %s"
        .formatted(
            called,
            end == End.PENDING ? "" : ended,
            fiber,
            name,
            argument == null ? "" : argument,
            end == End.ENDED ? "-> " + result : end);
  }
}
