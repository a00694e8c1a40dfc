package dev.picos.tests;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A handler that can tell who calls, and nothing else, except what a subclass adds. */
public class OnlyCurrent implements Handler {
  private final Fiber current;

  public OnlyCurrent(Fiber current) {
    this.current = current;
  }

  /** That of a fiber that nobody cancels. */
  public OnlyCurrent() {
    this(new Fiber(new Computation<>()));
  }

  @Override
  public final Fiber current() {
    return current;
  }

  @Override
  public void spawn(Fiber child, Consumer<? super Fiber> main) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void yield() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    throw new UnsupportedOperationException();
  }

  @Override
  public @Nullable Throwable await(Trigger trigger) {
    throw new UnsupportedOperationException();
  }
}
