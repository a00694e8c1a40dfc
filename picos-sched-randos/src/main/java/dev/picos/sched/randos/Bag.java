package dev.picos.sched.randos;

import dev.picos.domains.Ready;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The fibers of one run that are ready, in one place that all of its domains share. */
final class Bag {
  // This is a spin lock, since a policy must not block: it may be called on the stack of a fiber,
  // which would then go on in another domain. The lock is contended only if there are several
  // domains, and is held while a choice is made. The size may be read without the lock; with one
  // domain it is exact.
  private final AtomicBoolean locked = new AtomicBoolean();
  private final List<Ready> ready = new ArrayList<>();
  private final List<Ready> view = Collections.unmodifiableList(ready);
  private final Strategy strategy;
  private volatile int size;

  Bag(Strategy strategy) {
    this.strategy = strategy;
  }

  void add(Ready fiber) {
    lock();
    try {
      ready.add(fiber);
      size = ready.size();
    } finally {
      locked.set(false);
    }
  }

  /** Takes out the fiber that the strategy chooses, or returns {@code null} if there is none. */
  @Nullable Ready take() {
    lock();
    try {
      if (ready.isEmpty()) {
        return null;
      }
      int chosen = strategy.choose(view);
      Ready last = ready.remove(ready.size() - 1);
      size = ready.size();
      return chosen == ready.size() ? last : ready.set(chosen, last);
    } finally {
      locked.set(false);
    }
  }

  private void lock() {
    while (!locked.compareAndSet(false, true)) {
      while (locked.get()) {
        Thread.onSpinWait();
      }
    }
  }

  int size() {
    return size;
  }
}
