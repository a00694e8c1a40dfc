package dev.picos.core;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** {@link Trigger}'s algorithm, for twins to override one step of with a mistake. */
class TriggerCopy {
  static final Runnable SIGNALED = () -> {};

  final AtomicReference<@Nullable Runnable> state = new AtomicReference<>();

  boolean isSignaled() {
    return state.getAcquire() == SIGNALED;
  }

  void signal() {
    Runnable action = take();
    if (action != null) {
      action.run();
    }
  }

  @Nullable Runnable take() {
    if (isSignaled()) {
      return null;
    }
    Runnable before = state.getAndSet(SIGNALED);
    return before == SIGNALED ? null : before;
  }

  boolean onSignal(Runnable action) {
    return isFirst(state.compareAndExchange(null, action));
  }

  void dispose() {
    isFirst(state.compareAndExchange(null, SIGNALED));
  }

  static boolean isFirst(@Nullable Runnable before) {
    if (before != null && before != SIGNALED) {
      throw new IllegalStateException("already awaiting");
    }
    return before == null;
  }
}
