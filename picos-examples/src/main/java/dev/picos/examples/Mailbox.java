package dev.picos.examples;

import dev.picos.core.ComputationException;
import dev.picos.core.Trigger;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

// region mailbox
/** Hands items from any threads and fibers to the one fiber that takes them. */
public final class Mailbox<T> {
  private final ConcurrentLinkedQueue<T> items = new ConcurrentLinkedQueue<>();
  private final AtomicReference<Trigger> taker = new AtomicReference<>(Trigger.signaled());

  /** Adds an item, and wakes the taker if it waits. */
  public void put(T item) {
    items.add(item);
    taker.get().signal();
  }

  /** Removes the first item, waiting for one if there is none; cancelable while it waits. */
  public T take() {
    for (; ; ) {
      Trigger trigger = new Trigger();
      taker.set(trigger); // first be found, then look: an item that comes after the look signals
      T item = items.poll();
      if (item != null) {
        return item;
      }
      Throwable reason = trigger.await();
      if (reason != null) {
        throw ComputationException.unchecked(reason);
      }
    }
  }
}
// endregion
