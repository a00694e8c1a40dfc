package dev.picos.sched.multififo;

import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jctools.queues.varhandle.SpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The fibers that are ready on one domain: first come, first served, but those that are canceled
 * before all others. A domain whose lane is empty takes from the others, and one whose lane is
 * shorter than another does so now and then.
 *
 * <p>Each time that a domain has run about as many fibers as its lane holds, it compares its lane
 * with another, chosen at random, and runs the oldest fiber of the longer one; and while that one
 * is much longer, it comes back sooner. So fibers that keep yielding spread evenly, however many
 * they are, and each gets its share of the domains. (Picos, multififo.)
 */
final class Lane implements Policy {
  // For maintainers.
  //
  // All that is ready lies where every domain can take it, so nothing waits for a domain that
  // computes, or that has gone: when one is recalled its lane stays as it is. The length that
  // others compare with comes from the indices that the queue publishes anyway: it costs the owner
  // nothing.
  //
  // A lane that is shorter than another spreads what makes up the difference over its next round:
  // it takes one fiber at a time, which it runs at once, and then runs some of its own, at least
  // one. So what it takes are always the fibers that have waited longest, no fiber waits longer
  // for having been taken, and a great difference is gone when the shorter lane has run about twice
  // as many fibers. A single fiber each round, as in the original, takes a number of rounds that
  // grows with the difference. Rejected: to take half of the difference at once, as those fibers
  // would go behind all that the shorter lane holds.
  //
  // Differences from the original: that takes one fiber each round.

  private static final int CAPACITY = 1024;

  private final List<Lane> all;
  private final int index;
  private final int quota;

  private final SpmcVarHandleArrayQueue<Ready> canceled = new SpmcVarHandleArrayQueue<>(CAPACITY);
  private final LaneQueue<Ready> ready = new LaneQueue<>();

  private final SplittableRandom random;

  /** What is left to the running fiber. */
  private int remaining;

  /** How many fibers run from this lane before it is compared with another. */
  private int untilComparison = 1;

  /** The lane to compare with: the one that was longer, or else another, by chance. */
  private @Nullable Lane other;

  private Lane(List<Lane> all, int index, int quota) {
    this.all = all;
    this.index = index;
    this.quota = quota;
    random = new SplittableRandom(index);
  }

  /** Makes the lanes of one execution; two or more. */
  static List<Lane> lanes(int count, int quota) {
    List<Lane> lanes = new ArrayList<>(count);
    for (int index = 0; index < count; index++) {
      lanes.add(new Lane(lanes, index, quota));
    }
    return lanes;
  }

  @Override
  public void ready(Ready fiber, boolean first) {
    if (!first || !canceled.offer(fiber)) {
      ready.offer(fiber);
    }
  }

  @Override
  public @Nullable Ready next() {
    remaining = quota;
    Ready next = canceled.poll();
    if (next == null && --untilComparison <= 0) {
      next = fromLonger();
    }
    if (next == null) {
      next = ready.poll();
    }
    return next != null ? next : steal();
  }

  private @Nullable Ready fromLonger() {
    int length = ready.size();
    untilComparison = length + 1;
    Lane other = this.other == null ? anyOther() : this.other;
    int excess = other.ready.size() - length;
    if (excess <= 0) {
      this.other = null;
      return null;
    }
    this.other = other;
    int missing = (excess + 1) / 2;
    untilComparison = Math.max(2, length / missing + 1);
    return other.ready.poll();
  }

  private Lane anyOther() {
    int chosen = random.nextInt(all.size() - 1);
    return all.get(chosen < index ? chosen : chosen + 1);
  }

  private @Nullable Ready steal() {
    for (int i = 1; i < all.size(); i++) {
      Lane other = all.get((index + i) % all.size());
      Ready next = other.canceled.poll();
      if (next == null) {
        next = other.ready.poll();
      }
      if (next != null) {
        return next;
      }
    }
    return null;
  }

  @Override
  public boolean isEmpty() {
    for (int i = 0; i < all.size(); i++) {
      if (!all.get(i).canceled.isEmpty() || !all.get(i).ready.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int available() {
    return ready.size() + canceled.size();
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
