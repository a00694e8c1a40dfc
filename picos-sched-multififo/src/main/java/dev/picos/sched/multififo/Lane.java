package dev.picos.sched.multififo;

import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import java.util.SplittableRandom;
import org.jctools.queues.varhandle.SpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The fibers that are ready on one domain: first come, first served, except that those that are
 * canceled go before all others. A domain whose lane is empty takes fibers from the other lanes,
 * and a domain whose lane is shorter than another does so from time to time.
 *
 * <p>Each time that a domain has run about as many fibers as its lane holds, it compares its lane
 * with another one, chosen at random, and runs the oldest fiber of the longer one. While that one
 * is much longer, it compares them again sooner. So fibers that keep yielding spread evenly,
 * however many there are, and each gets its share of the domains. (Picos, multififo.)
 */
final class Lane implements Policy {
  // For maintainers.
  //
  // Every ready fiber lies where every domain can take it, so no fiber waits for a domain that
  // computes, or that has gone: when a domain is recalled, its lane stays as it is. The length that
  // others compare with comes from the indices that the queue publishes anyway, so it costs the
  // owner nothing.
  //
  // A domain whose lane is shorter than another makes up the difference over its next round: it
  // takes one fiber at a time from the longer lane, runs it at once, and then runs some of its own,
  // at least one. So it always takes the fiber that has waited longest there, no fiber waits longer
  // because it was taken, and a great difference is gone when the domain has run about twice as
  // many fibers. Taking a single fiber each round, as the original does, needs a number of rounds
  // that grows with the difference. Rejected: taking half of the difference at once, as those
  // fibers would go behind all that the shorter lane holds.
  //
  // Difference from the original: that takes one fiber each round.

  private static final int CAPACITY = 1024;

  private final Lanes all;
  private final int index;
  private final int quota;

  // The queues are made when there is something to put into them: most lanes of many never hold a
  // fiber, and most programs cancel few.

  private volatile @Nullable SpmcVarHandleArrayQueue<Ready> canceled;
  private volatile @Nullable LaneQueue<Ready> ready;

  /** Whether the lane is marked as one that holds a fiber. */
  private boolean isMarked;

  private final SplittableRandom random;

  /** What is left of the running fiber's quota. */
  private int remaining;

  /** How many fibers run from this lane before it is compared with another. */
  private int untilComparison = 1;

  /** The lane to compare with: the one that was longer, or else another one, chosen at random. */
  private @Nullable Lane other;

  /** Makes one of the lanes of an execution; there must be two or more. */
  Lane(Lanes all, int index, int quota) {
    this.all = all;
    this.index = index;
    this.quota = quota;
    random = new SplittableRandom(index);
  }

  @Override
  public void ready(Ready fiber, boolean first) {
    if (!first || !offerCanceled(fiber)) {
      LaneQueue<Ready> queue = ready;
      if (queue == null) {
        queue = new LaneQueue<>();
        ready = queue;
      }
      queue.offer(fiber);
    }
    if (!isMarked) {
      isMarked = true;
      all.mark(index); // after: who sees the mark sees the fiber
    }
  }

  private boolean offerCanceled(Ready fiber) {
    SpmcVarHandleArrayQueue<Ready> queue = canceled;
    if (queue == null) {
      queue = new SpmcVarHandleArrayQueue<>(CAPACITY);
      canceled = queue;
    }
    return queue.offer(fiber);
  }

  @Override
  public @Nullable Ready next() {
    remaining = quota;
    Ready next = takeCanceled();
    if (next == null && --untilComparison <= 0) {
      next = fromLonger();
    }
    if (next == null) {
      next = takeReady();
    }
    return next != null ? next : steal();
  }

  private @Nullable Ready takeCanceled() {
    SpmcVarHandleArrayQueue<Ready> queue = canceled;
    return queue == null ? null : queue.poll();
  }

  private @Nullable Ready takeReady() {
    LaneQueue<Ready> queue = ready;
    return queue == null ? null : queue.poll();
  }

  private @Nullable Ready fromLonger() {
    int length = readyCount();
    untilComparison = length + 1;
    Lane other = this.other == null ? anyOther() : this.other;
    int excess = other.readyCount() - length;
    if (excess <= 0) {
      this.other = null;
      return null;
    }
    this.other = other;
    int missing = (excess + 1) / 2;
    untilComparison = Math.max(2, length / missing + 1);
    return other.takeReady();
  }

  private Lane anyOther() {
    int chosen = random.nextInt(all.count() - 1);
    return all.get(chosen < index ? chosen : chosen + 1);
  }

  /** Takes a fiber of another lane when there is none here. */
  private @Nullable Ready steal() {
    if (isMarked) {
      isMarked = false;
      all.unmark(index); // only the owner adds, so it has to be empty still
    }
    for (Lane other = all.nextOccupied(index); other != null; other = all.nextOccupied(index)) {
      Ready next = other.takeCanceled();
      if (next == null) {
        next = other.takeReady();
      }
      if (next != null) {
        return next;
      }
    }
    return null;
  }

  @Override
  public boolean isEmpty() {
    return isVacant() && all.nextOccupied(index) == null;
  }

  /** Whether no fiber is here. */
  boolean isVacant() {
    LaneQueue<Ready> queue = ready;
    SpmcVarHandleArrayQueue<Ready> ahead = canceled;
    return (queue == null || queue.isEmpty()) && (ahead == null || ahead.isEmpty());
  }

  @Override
  public int available() {
    SpmcVarHandleArrayQueue<Ready> ahead = canceled;
    return readyCount() + (ahead == null ? 0 : ahead.size());
  }

  private int readyCount() {
    LaneQueue<Ready> queue = ready;
    return queue == null ? 0 : queue.size();
  }

  @Override
  public boolean spend(Operation operation) {
    return --remaining <= 0;
  }

  /** Names the scheduler. */
  @Override
  public String toString() {
    return "multififo";
  }
}
