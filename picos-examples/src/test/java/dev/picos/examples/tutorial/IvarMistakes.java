package dev.picos.examples.tutorial;

import dev.picos.core.ComputationException;
import dev.picos.core.Point;
import dev.picos.core.Point.Kind;
import dev.picos.core.Trigger;

/** Ways to get {@link Ivar#read} wrong, each with what comes of it. */
final class IvarMistakes {
  private IvarMistakes() {}

  /** Lost wake-up: the value comes after the look, and the filler finds nobody to wake. */
  static final class LooksBeforeItIsFound<T> extends Ivar<T> {
    @Override
    public T read() {
      // region looks-before-it-is-found
      Point.before(value, Kind.READ);
      T now = value.get();
      if (now == null) {
        Trigger trigger = new Trigger();
        Point.before(readers, Kind.UPDATE);
        readers.add(trigger);
        Throwable reason = trigger.await();
        // endregion
        Point.before(readers, Kind.UPDATE);
        readers.remove(trigger);
        Point.before(value, Kind.READ);
        now = value.get();
        if (now == null && reason != null) {
          throw ComputationException.unchecked(reason);
        }
      }
      return now;
    }
  }

  /** A canceled fiber goes on with a value that is not there. */
  static final class IgnoresTheReason<T> extends Ivar<T> {
    @Override
    public T read() {
      Trigger trigger = new Trigger();
      Point.before(readers, Kind.UPDATE);
      readers.add(trigger);
      Point.before(value, Kind.READ);
      T now = value.get();
      if (now == null) {
        Throwable unused = trigger.await();
        Point.before(value, Kind.READ);
        return value.get();
      }
      return now;
    }
  }

  /** So does one that was woken by something else than the filler. */
  static final class DoesNotLookAgain<T> extends Ivar<T> {
    @Override
    public T read() {
      Trigger trigger = new Trigger();
      Point.before(readers, Kind.UPDATE);
      readers.add(trigger);
      Point.before(value, Kind.READ);
      T now = value.get();
      if (now == null) {
        // region does-not-look-again
        Throwable reason = trigger.await();
        if (reason != null) {
          throw ComputationException.unchecked(reason);
        }
        Point.before(value, Kind.READ);
        return value.get(); // it was signaled, so there is a value
        // endregion
      }
      return now;
    }
  }

  /** Leak: what is left of a canceled wait stays in the queue. */
  static final class LeavesItsTrigger<T> extends Ivar<T> {
    @Override
    public T read() {
      for (; ; ) {
        Trigger trigger = new Trigger();
        Point.before(readers, Kind.UPDATE);
        readers.add(trigger);
        Point.before(value, Kind.READ);
        T now = value.get();
        if (now != null) {
          return now;
        }
        // region leaves-its-trigger
        Throwable reason = trigger.await();
        if (reason != null) {
          throw ComputationException.unchecked(reason);
        }
        // endregion
      }
    }
  }
}
