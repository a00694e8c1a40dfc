package dev.picos.examples.tutorial;

import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.util.ArrayDeque;
import java.util.Queue;

/** Passes items from fibers that send to fibers that receive; each waits for the other. */
public class Channel<T> {
  /** A fiber that waits to send or to receive. Only the fiber that has the mutex touches this. */
  static final class Party<T> {
    Trigger trigger = new Trigger();
    T item;

    Party(T item) {
      this.item = item;
    }
  }

  final Mutex mutex = new Mutex();
  final Queue<Party<T>> senders = new ArrayDeque<>();
  final Queue<Party<T>> receivers = new ArrayDeque<>();

  // region send
  /** Waits until a receiver takes {@code item}. A fiber that throws has not sent it. */
  public void send(T item) {
    Party<T> self = new Party<>(item);
    mutex.lock();
    try {
      Party<T> receiver = receivers.poll();
      if (receiver != null) {
        receiver.item = item;
        receiver.trigger.signal();
        return;
      }
      senders.add(self);
    } finally {
      mutex.unlock();
    }
    waitIn(senders, self);
  }

  // endregion

  /** Waits for an item, and takes it. A fiber that throws has not taken any. */
  public T receive() {
    Party<T> self = new Party<>(null);
    mutex.lock();
    try {
      Party<T> sender = senders.poll();
      if (sender != null) {
        sender.trigger.signal();
        return sender.item;
      }
      receivers.add(self);
    } finally {
      mutex.unlock();
    }
    waitIn(receivers, self);
    return self.item;
  }

  // region wait
  void waitIn(Queue<Party<T>> queue, Party<T> self) {
    for (; ; ) {
      Throwable reason = self.trigger.await();
      boolean stays = reason == null;
      boolean met = !Fiber.current().callForbiddingCancelation(() -> isIn(queue, self, stays));
      if (met) {
        return; // canceled or not: the item has changed hands
      }
      if (reason != null) {
        throw ComputationException.unchecked(reason);
      }
    }
  }

  // endregion

  /** Whether {@code self} was still in the queue, where it stays or does not. */
  boolean isIn(Queue<Party<T>> queue, Party<T> self, boolean stays) {
    mutex.lock();
    try {
      if (!stays) {
        return queue.remove(self);
      }
      self.trigger = new Trigger(); // the old one is spent
      return queue.contains(self);
    } finally {
      mutex.unlock();
    }
  }
}
