package dev.picos.domains;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The tasks that wait for a domain, first come, first served. To add one allocates nothing and
 * waits for nobody, so a thread that wakes a fiber can do it whatever the state of the heap.
 */
final class Calls {
  // For maintainers.
  //
  // Tasks that have been added are a stack, newest first. A domain that finds the queue empty takes
  // the whole stack and turns it round; only domains do so, one at a time, under the monitor. A
  // task's next belongs to the thread that adds it until the compare-and-set that publishes it, and
  // to the monitor from the take on.
  //
  // isEmpty() is exact for what a thread has added before: it reads the queue before the stack, and
  // tasks move from the stack to the queue under the monitor, which writes the queue while the
  // stack has been taken. A reader between the two writes would miss them, so `turning` says that
  // there are some on their way. All of these accesses are volatile.

  /** A task that can wait here; it is in the queue once at most. */
  abstract static class Call implements DomainTask {
    private @Nullable Call next;
  }

  private final AtomicReference<@Nullable Call> added = new AtomicReference<>();
  private volatile @Nullable Call oldest;
  private volatile boolean turning;
  private volatile long taken;

  /** Adds {@code call}, which must not be in the queue already. */
  void add(Call call) {
    Call before;
    do {
      before = added.get();
      call.next = before;
    } while (!added.compareAndSet(before, call));
  }

  /** Whether nothing waits. */
  boolean isEmpty() {
    return oldest == null && added.get() == null && !turning && oldest == null;
  }

  /** Takes the task that has waited longest; called by domains only. */
  synchronized @Nullable Call poll() {
    if (oldest == null) {
      turning = true;
      oldest = reversed(added.getAndSet(null));
      turning = false;
    }
    Call first = oldest;
    if (first != null) {
      oldest = first.next;
      first.next = null;
      taken = taken + 1;
    }
    return first;
  }

  /** How many have been taken; a number that stands still tells that no domain comes. */
  long taken() {
    return taken;
  }

  private static @Nullable Call reversed(@Nullable Call newest) {
    Call reversed = null;
    for (Call call = newest; call != null; ) {
      Call below = call.next;
      call.next = reversed;
      reversed = call;
      call = below;
    }
    return reversed;
  }
}
