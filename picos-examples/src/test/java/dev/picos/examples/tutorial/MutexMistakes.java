package dev.picos.examples.tutorial;

import dev.picos.core.ComputationException;
import dev.picos.core.Point;
import dev.picos.core.Point.Kind;
import dev.picos.core.Trigger;

/** Ways to get {@link Mutex} wrong, each with what comes of it. */
final class MutexMistakes {
  private MutexMistakes() {}

  /** A mutex whose wait ends in some wrong way. */
  abstract static class Wrong extends Mutex {
    @Override
    public void lock() {
      Trigger trigger = new Trigger();
      Point.before(waiters, Kind.UPDATE);
      waiters.add(trigger);
      if (tryLock()) {
        Point.before(waiters, Kind.UPDATE);
        waiters.remove(trigger);
      } else {
        waitFor(trigger);
      }
    }

    abstract void waitFor(Trigger trigger);
  }

  /** Lost wake-up: what was handed to a canceled waiter is nobody's. */
  static final class KeepsWhatItWasHanded extends Wrong {
    @Override
    void waitFor(Trigger trigger) {
      // region keeps-what-it-was-handed
      Throwable reason = trigger.await();
      if (reason != null) {
        Point.before(waiters, Kind.UPDATE);
        waiters.remove(trigger); // it does not want the mutex any more
        throw ComputationException.unchecked(reason);
      }
      // endregion
    }
  }

  /** Two owners: a canceled waiter hands over what another has. */
  static final class PassesOnWhatItNeverHad extends Wrong {
    @Override
    void waitFor(Trigger trigger) {
      // region passes-on-what-it-never-had
      Throwable reason = trigger.await();
      if (reason != null) {
        Point.before(waiters, Kind.UPDATE);
        waiters.remove(trigger);
        unlock(); // in case it was handed over
        throw ComputationException.unchecked(reason);
      }
      // endregion
    }
  }

  /** Two owners: a fiber that was woken by something else takes itself for the owner. */
  static final class DoesNotLookAgain extends Wrong {
    @Override
    void waitFor(Trigger trigger) {
      Throwable reason = trigger.await();
      if (reason == null) {
        return; // it was signaled, so the mutex was handed over
      }
      Point.before(waiters, Kind.UPDATE);
      if (!waiters.remove(trigger)) {
        unlock();
      }
      throw ComputationException.unchecked(reason);
    }
  }

  /** Handed over twice to one waiter, and never to the next. */
  static final class WakesBeforeItTakesOff extends Mutex {
    @Override
    public void unlock() {
      do {
        // region wakes-before-it-takes-off
        Point.before(waiters, Kind.READ);
        Trigger next = waiters.peek();
        if (next != null) {
          next.signal();
          Point.before(waiters, Kind.UPDATE);
          waiters.remove(next);
          return;
        }
        // endregion
        Point.before(locked, Kind.WRITE);
        locked.set(false);
        Point.before(waiters, Kind.READ);
      } while (!waiters.isEmpty() && tryLock());
    }
  }

  /** Lost wake-up: who comes between the look and the release is not found. */
  static final class LooksBeforeItFrees extends Mutex {
    @Override
    public void unlock() {
      Point.before(waiters, Kind.UPDATE);
      Trigger next = waiters.poll();
      if (next != null) {
        next.signal();
      } else {
        Point.before(locked, Kind.WRITE);
        locked.set(false);
      }
    }
  }
}
