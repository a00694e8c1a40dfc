package dev.picos.sched.fifo;

import dev.picos.domains.Domain;
import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import java.util.ArrayDeque;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * First come, first served, but those that are canceled before all others.
 *
 * <p>What becomes ready on the domain goes to plain queues, and what other threads wake to inboxes,
 * which are emptied into those queues before anything else is added or taken. So whatever happened
 * before something was made ready was made ready before it.
 *
 * <p>Difference from the original: it puts the canceled at the head of its one queue, so that the
 * last of them comes first; here they, too, come in their order.
 */
final class Fifo implements Policy {
  // For maintainers.
  //
  // A thread that has added to an inbox then sets arrived, and the domain clears arrived before it
  // empties the inboxes. So an element that was added entirely is in a plain queue or arrived is
  // set: the domain need look no further than at that one flag each time it takes or adds a fiber.

  private static final int CHUNK = 256;

  private final MpscUnboundedVarHandleArrayQueue<Ready> inbox =
      new MpscUnboundedVarHandleArrayQueue<>(CHUNK);
  private final MpscUnboundedVarHandleArrayQueue<Ready> canceledInbox =
      new MpscUnboundedVarHandleArrayQueue<>(CHUNK);
  private volatile boolean arrived;

  // The domain's own.
  private final ArrayDeque<Ready> ready = new ArrayDeque<>(CHUNK);
  private final ArrayDeque<Ready> canceled = new ArrayDeque<>();

  private final int quota;

  /** What is left to the running fiber. */
  private int remaining;

  Fifo(int quota) {
    this.quota = quota;
  }

  @Override
  public void ready(Ready fiber, boolean first, @Nullable Domain here) {
    if (here == null) {
      (first ? canceledInbox : inbox).offer(fiber);
      arrived = true;
    } else {
      emptyInboxes();
      (first ? canceled : ready).add(fiber);
    }
  }

  @Override
  public @Nullable Ready next() {
    remaining = quota;
    emptyInboxes();
    Ready next = canceled.poll();
    return next != null ? next : ready.poll();
  }

  private void emptyInboxes() {
    if (arrived) {
      arrived = false;
      try {
        empty(canceledInbox, canceled);
        empty(inbox, ready);
      } catch (OutOfMemoryError e) {
        arrived = true; // the rest is still in the inboxes
        throw e;
      }
    }
  }

  private static void empty(
      MpscUnboundedVarHandleArrayQueue<Ready> inbox, ArrayDeque<Ready> queue) {
    // All of it, whereas drain() has a limit; and nothing is lost when there is no memory to add
    // it. Relaxed: does not wait for a thread that was stopped in the middle of adding.
    for (Ready next = inbox.relaxedPeek(); next != null; next = inbox.relaxedPeek()) {
      queue.add(next);
      inbox.relaxedPoll();
    }
  }

  @Override
  public boolean isEmpty() {
    return ready.isEmpty() && !arrived && canceled.isEmpty();
  }

  @Override
  public boolean spend() {
    return --remaining <= 0;
  }

  /** Names the scheduler. */
  @Override
  public String toString() {
    return "fifo";
  }
}
