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
 * <p>What becomes ready on the domain goes to a plain queue, and what other threads wake to an
 * inbox, which is emptied into the queue before anything else is added or taken. So whatever
 * happened before something was made ready was made ready before it.
 *
 * <p>Difference from the original: it puts the canceled at the head of its one queue, so that the
 * last of them comes first; here they, too, come in their order.
 */
final class Fifo implements Policy {
  private static final int CHUNK = 256;

  // Adding to an inbox compare-and-sets its producer index, or sets it with an ordered store when
  // the inbox grows, before it stores the element; isEmpty() compares that index.
  private final MpscUnboundedVarHandleArrayQueue<Ready> inbox =
      new MpscUnboundedVarHandleArrayQueue<>(CHUNK);
  private final MpscUnboundedVarHandleArrayQueue<Ready> canceled =
      new MpscUnboundedVarHandleArrayQueue<>(CHUNK);

  // The domain's own.
  private final ArrayDeque<Ready> ready = new ArrayDeque<>(CHUNK);

  private final int quota;

  /** What is left to the running fiber. */
  private int remaining;

  Fifo(int quota) {
    this.quota = quota;
  }

  @Override
  public void ready(Ready fiber, boolean first, @Nullable Domain here) {
    if (first) {
      canceled.offer(fiber);
    } else if (here == null) {
      inbox.offer(fiber);
    } else {
      emptyInbox();
      ready.add(fiber);
    }
  }

  @Override
  public @Nullable Ready next() {
    remaining = quota;
    // Relaxed: does not wait for a thread that was stopped in the middle of adding.
    Ready next = canceled.relaxedPoll();
    if (next != null) {
      return next;
    }
    emptyInbox();
    return ready.poll();
  }

  private void emptyInbox() {
    // All of it, whereas drain() has a limit; and nothing is lost when there is no memory to
    // add it.
    for (Ready next = inbox.relaxedPeek(); next != null; next = inbox.relaxedPeek()) {
      ready.add(next);
      inbox.relaxedPoll();
    }
  }

  @Override
  public boolean isEmpty() {
    return ready.isEmpty() && inbox.isEmpty() && canceled.isEmpty();
  }

  @Override
  public boolean spend() {
    return --remaining <= 0;
  }
}
