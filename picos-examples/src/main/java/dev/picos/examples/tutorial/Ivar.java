package dev.picos.examples.tutorial;

import dev.picos.core.ComputationException;
import dev.picos.core.Point;
import dev.picos.core.Point.Kind;
import dev.picos.core.Trigger;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

// region ivar
/** A value that is filled in once, and that any number of fibers wait for. */
public class Ivar<T> {
  final AtomicReference<T> value = new AtomicReference<>();
  final Queue<Trigger> readers = new ConcurrentLinkedQueue<>();

  /** Fills in {@code item}, and wakes all readers; false if there is a value already. */
  public boolean tryFill(T item) {
    Point.before(value, Kind.UPDATE);
    if (!value.compareAndSet(null, item)) {
      return false;
    }
    for (; ; ) {
      Point.before(readers, Kind.UPDATE);
      Trigger reader = readers.poll();
      if (reader == null) {
        return true;
      }
      reader.signal();
    }
  }

  /** Returns the value, waiting for it; cancelable while it waits. */
  public T read() {
    for (; ; ) {
      Trigger trigger = new Trigger();
      Point.before(readers, Kind.UPDATE);
      readers.add(trigger); // 1. be found
      Throwable reason = null;
      Point.before(value, Kind.READ);
      T now = value.get(); // 2. look
      if (now == null) {
        reason = trigger.await(); // 3. wait
        Point.before(value, Kind.READ);
        now = value.get(); // 4. look again
      }
      Point.before(readers, Kind.UPDATE);
      readers.remove(trigger); // 5. clean up
      if (now != null) {
        return now;
      }
      if (reason != null) {
        throw ComputationException.unchecked(reason);
      }
    }
  }
}
// endregion
