package dev.picos.domains;

import dev.picos.core.Fiber;
import java.util.function.Consumer;

/** A fiber that has been spawned and has not started. It has no thread yet. */
final class Start extends Ready {
  final Fiber fiber;
  final Consumer<? super Fiber> main;

  Start(Fiber fiber, Consumer<? super Fiber> main) {
    this.fiber = fiber;
    this.main = main;
  }

  @Override
  public Fiber fiber() {
    return fiber;
  }

  @Override
  boolean goesFirst() {
    return false;
  }
}
