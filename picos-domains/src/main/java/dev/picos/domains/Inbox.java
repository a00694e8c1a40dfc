package dev.picos.domains;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The fibers that were made ready by threads that are not domains of the execution, until one of
 * its domains hands them to its policy. So a policy learns of every fiber in its domain's own
 * thread. To add one allocates nothing and waits for nobody.
 *
 * <p>In an execution on one domain they are taken out in the order in which they came in. Otherwise
 * those that one thread has added are.
 */
final class Inbox {
  // For maintainers.
  //
  // Each part is a stack, newest first. Threads push to it by compare-and-set, and a domain takes
  // the whole stack and turns it round. A fiber's link belongs to the thread that adds it until the
  // compare-and-set that publishes it, and to the domain from the take on.
  //
  // A thread adds a fiber and then sets arrived, unless it reads that this is set already; a domain
  // clears arrived and then takes what is there. All of these accesses are volatile. So once a
  // fiber has been added, arrived is set, or a domain has cleared it, and takes the fiber out: if
  // the thread has read that arrived was set, then the domain cleared it after that, and so it
  // takes after the fiber was added. Domains only have to look at that one flag before each
  // dispatch, and threads write it only when it changes. The same goes for woken.

  private static final VarHandle TOPS = MethodHandles.arrayElementVarHandle(Ready[].class);

  private final Stripes stripes;
  private final @Nullable Ready[] tops;
  private volatile boolean arrived;

  /** Whether others than fibers that start were added. */
  private volatile boolean woken;

  /** Makes the inbox of an execution on the given number of domains. */
  Inbox(int domains) {
    stripes = Stripes.forThreads(domains);
    tops = new Ready[stripes.length()];
  }

  /** Adds a fiber that is to start. */
  void add(Ready starting) {
    push(starting);
    markArrived();
  }

  /** Adds a fiber that has been woken, perhaps because it is canceled. */
  void addWoken(Ready fiber) {
    push(fiber);
    if (!woken) {
      woken = true;
    }
    markArrived();
  }

  private void push(Ready fiber) {
    int top = stripes.ownPlace();
    Ready before;
    do {
      before = (Ready) TOPS.getVolatile(tops, top);
      fiber.below = before;
    } while (!TOPS.compareAndSet(tops, top, before, fiber));
  }

  private void markArrived() {
    if (!arrived) {
      arrived = true;
    }
  }

  /** Whether everything that was added has been, or is being, taken out. */
  boolean isEmpty() {
    return !arrived;
  }

  /**
   * Whether what was added has to be handed over before the next fiber is chosen, since a canceled
   * one may go before all others.
   */
  boolean isUrgent() {
    return woken;
  }

  /**
   * Hands everything to the policy of {@code seat}, where the caller runs. What that throws leaves
   * this method; the fibers that the policy has not received are in {@link Seat#late} then.
   */
  void emptyInto(Seat seat) {
    emptyInto(seat, null);
  }

  /** As {@link #emptyInto(Seat)}, in the order that {@code monitors} gives, if there are any. */
  void emptyInto(Seat seat, @Nullable Monitors monitors) {
    if (arrived) {
      handOver(seat, monitors);
    }
  }

  // This is a method by itself, so that the check of the flag is compiled into every dispatch and
  // this is not.
  private void handOver(Seat seat, @Nullable Monitors monitors) {
    boolean done = false;
    arrived = false;
    woken = false;
    try {
      for (int part = 0; part < stripes.count(); part++) {
        handOver(part, seat, monitors);
      }
      done = true;
    } finally {
      if (!done) {
        woken = true;
        arrived = true; // there may be more
      }
    }
  }

  private void handOver(int part, Seat seat, @Nullable Monitors monitors) {
    Ready fiber = null;
    Ready next = null;
    try {
      fiber = takeOut(part);
      if (monitors != null) {
        fiber = monitors.ordered(fiber);
      }
      while (fiber != null) {
        next = fiber.below;
        fiber.below = null;
        seat.policy.ready(fiber, fiber.goesFirst());
        fiber = next;
      }
    } finally {
      if (fiber != null) {
        if (fiber.below == null) {
          fiber.below = next;
        }
        // There may be no stack for a call, and no memory.
        Ready last = seat.late;
        if (last == null) {
          seat.late = fiber;
        } else {
          while (last.below != null) {
            last = last.below;
          }
          last.below = fiber;
        }
      }
    }
  }

  /** Returns the fibers of a part, the oldest first. */
  private @Nullable Ready takeOut(int part) {
    Ready newest = (Ready) TOPS.getAndSet(tops, stripes.place(part), null);
    Ready oldest = null;
    while (newest != null) {
      Ready before = newest.below;
      newest.below = oldest;
      oldest = newest;
      newest = before;
    }
    return oldest;
  }
}
