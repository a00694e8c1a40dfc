package dev.picos.core;

import java.time.Duration;
import java.util.function.Consumer;

/** A handler whose operations all fail: for showing what gets along without one. */
class FailingHandler implements Handler {
  final Fiber fiber = new Fiber(new Computation<>());
  final RuntimeException failure = new RuntimeException("thrown by the handler");

  @Override
  public Fiber current() {
    throw failure;
  }

  @Override
  public void spawn(Fiber child, Consumer<? super Fiber> main) {
    throw failure;
  }

  @Override
  public void yield() {
    throw failure;
  }

  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    throw failure;
  }

  @Override
  public Throwable await(Trigger trigger) {
    throw failure;
  }
}
