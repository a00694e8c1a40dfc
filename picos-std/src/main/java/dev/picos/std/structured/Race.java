package dev.picos.std.structured;

import dev.picos.core.BlockWith;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** One race of actions for the first value, see {@link Run#firstSuccess(List, BlockWith)}. */
final class Race<T extends @Nullable Object> {
  private final BlockWith<? super T, ?> onLoser;
  private final Computation<T> winner = new Computation<>();
  private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();

  Race(BlockWith<? super T, ?> onLoser) {
    this.onLoser = Objects.requireNonNull(onLoser, "onLoser");
  }

  T run(List<? extends Body<? extends T, ?>> actions) {
    if (actions.isEmpty()) {
      throw new NoSuchElementException("no actions, and so no first to succeed");
    }
    try {
      Run.<Body<? extends T, ?>>inBundle(actions, this::run);
    } catch (Throwable canceled) {
      if (winner.peek() instanceof Outcome.Returned<T> won) {
        lose(won.value());
      }
      throw canceled;
    }
    if (winner.isRunning()) {
      throw ComputationException.unchecked(Bundle.oneOrAll(List.copyOf(failures)));
    }
    return winner.await();
  }

  private void run(Bundle bundle, Body<? extends T, ?> action) {
    T value;
    try {
      value = action.run();
    } catch (Throwable thrown) {
      failures.add(thrown);
      return;
    }
    Outcome<T> returned;
    try {
      returned = new Outcome.Returned<>(value);
    } catch (OutOfMemoryError full) {
      lose(value);
      throw full;
    }
    if (winner.tryComplete(returned)) {
      bundle.terminate();
    } else {
      lose(value);
    }
  }

  /** Takes no memory itself: there may be none for the value to win with. */
  private void lose(T value) {
    Fiber fiber = Fiber.current();
    boolean forbade = fiber.exchangeForbidCancelation(true);
    try {
      onLoser.run(value);
    } catch (Throwable thrown) {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
    } finally {
      fiber.setForbidCancelation(forbade);
    }
  }
}
