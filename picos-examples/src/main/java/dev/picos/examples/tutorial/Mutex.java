package dev.picos.examples.tutorial;

import dev.picos.core.Block;
import dev.picos.core.ComputationException;
import dev.picos.core.Point;
import dev.picos.core.Point.Kind;
import dev.picos.core.Trigger;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/** A lock that is handed over to the fiber that has waited longest. */
public class Mutex {
  final AtomicBoolean locked = new AtomicBoolean();
  final Queue<Trigger> waiters = new ConcurrentLinkedQueue<>();

  // region lock
  /** Takes this mutex, waiting for it; cancelable while it waits. */
  public void lock() {
    for (; ; ) {
      Trigger trigger = new Trigger();
      Point.before(waiters, Kind.UPDATE);
      waiters.add(trigger); // 1. be found
      Throwable reason = null;
      boolean mine = tryLock(); // 2. look
      if (!mine) {
        reason = trigger.await(); // 3. wait
      }
      Point.before(waiters, Kind.UPDATE);
      boolean handedOver = !waiters.remove(trigger); // 4. clean up, and so look again
      if (reason != null) {
        if (handedOver) {
          unlock(); // 5. pass on
        }
        throw ComputationException.unchecked(reason);
      }
      if (mine || handedOver) {
        return;
      }
    }
  }

  // endregion

  /** Takes this mutex if it is free. */
  public boolean tryLock() {
    Point.before(locked, Kind.UPDATE);
    return locked.compareAndSet(false, true);
  }

  // region unlock
  /** Hands this mutex over to the first waiter, or frees it. Never waits. */
  public void unlock() {
    do {
      Point.before(waiters, Kind.UPDATE);
      Trigger next = waiters.poll(); // first take it off, then wake it
      if (next != null) {
        next.signal();
        return;
      }
      Point.before(locked, Kind.WRITE);
      locked.set(false);
      Point.before(waiters, Kind.READ);
    } while (!waiters.isEmpty() && tryLock()); // somebody came meanwhile
  }

  // endregion

  /** Runs {@code block} while holding this mutex. */
  public <E extends Exception> void runLocked(Block<E> block) throws E {
    lock();
    try {
      block.run();
    } finally {
      unlock();
    }
  }
}
