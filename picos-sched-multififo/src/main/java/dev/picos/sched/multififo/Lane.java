package dev.picos.sched.multififo;

import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jctools.queues.varhandle.SpmcVarHandleArrayQueue;
import org.jctools.queues.varhandle.SpscUnboundedVarHandleArrayQueue;
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
  // The oldest fibers lie in a bounded queue, where other domains can take them; when it is full,
  // the younger ones wait in an unbounded one of the domain's own, from where they move up in their
  // order, one or more for each that the domain adds or takes. So there is one queue in effect, of
  // which others can take the older part. Canceled fibers can be taken by others, too.
  //
  // The length that others compare with is that of both queues, from the indices that these publish
  // anyway: it costs the owner nothing. It may be off by one while a fiber moves up, which does not
  // matter.
  //
  // A lane that is shorter than another spreads what makes up the difference over its next round:
  // it takes one fiber at a time, which it runs at once, and then runs some of its own, at least
  // one. So what it takes are always the fibers that have waited longest, no fiber waits longer
  // for having been taken, and a great difference is gone when the shorter lane has run about twice
  // as many fibers. A single fiber each round, as in the original, takes a number of rounds that
  // grows with the difference. Rejected: to take half of the difference at once, as those fibers
  // would go behind all that the shorter lane holds.
  //
  // A domain that is recalled leaves the younger ones in a queue that all lanes share, or nobody
  // could see them: each lane looks there when it compares itself with others or is empty, and as
  // long as it finds some every other fiber that it runs is one of them.
  //
  // Differences from the original: those have one unbounded concurrent queue, and take one fiber
  // each round.

  private static final int CAPACITY = 1024;
  private static final int CHUNK = 1024;

  private final List<Lane> all;
  private final Queue<Ready> leftBehind;
  private final int index;
  private final int quota;

  private final SpmcVarHandleArrayQueue<Ready> canceled = new SpmcVarHandleArrayQueue<>(CAPACITY);
  private final SpmcVarHandleArrayQueue<Ready> ready = new SpmcVarHandleArrayQueue<>(CAPACITY);
  private final SpscUnboundedVarHandleArrayQueue<Ready> younger =
      new SpscUnboundedVarHandleArrayQueue<>(CHUNK);

  private final SplittableRandom random;

  /** What is left to the running fiber. */
  private int remaining;

  /** How many fibers run from this lane before it is compared with another. */
  private int untilComparison = 1;

  /** The lane to compare with: the one that was longer, or else another, by chance. */
  private @Nullable Lane other;

  private Lane(List<Lane> all, Queue<Ready> leftBehind, int index, int quota) {
    this.all = all;
    this.leftBehind = leftBehind;
    this.index = index;
    this.quota = quota;
    random = new SplittableRandom(index);
  }

  /** Makes the lanes of one execution. */
  static List<Lane> lanes(int count, int quota) {
    List<Lane> lanes = new ArrayList<>(count);
    Queue<Ready> leftBehind = new ConcurrentLinkedQueue<>();
    for (int index = 0; index < count; index++) {
      lanes.add(new Lane(lanes, leftBehind, index, quota));
    }
    return lanes;
  }

  @Override
  public void ready(Ready fiber, boolean first) {
    if (first && canceled.offer(fiber)) {
      return;
    }
    moveUp();
    if (!younger.isEmpty() || !ready.offer(fiber)) {
      younger.offer(fiber);
    }
  }

  private void moveUp() {
    for (Ready next = younger.peek(); next != null && ready.offer(next); next = younger.peek()) {
      younger.poll();
    }
  }

  @Override
  public @Nullable Ready next() {
    remaining = quota;
    Ready next = canceled.poll();
    if (next == null && all.size() > 1 && --untilComparison <= 0) {
      next = fromLonger();
    }
    if (next == null) {
      next = poll();
    }
    return next != null || all.size() == 1 ? next : steal();
  }

  private @Nullable Ready poll() {
    Ready next = ready.poll();
    if (!younger.isEmpty()) {
      moveUp();
      if (next == null) {
        next = ready.poll(); // others had taken all that they could see
      }
    }
    return next;
  }

  private @Nullable Ready fromLonger() {
    Ready left = leftBehind.poll();
    if (left != null) {
      untilComparison = 2;
      return left;
    }
    int length = length();
    untilComparison = length + 1;
    Lane other = this.other == null ? anyOther() : this.other;
    int excess = other.length() - length;
    if (excess <= 0) {
      this.other = null;
      return null;
    }
    this.other = other;
    int missing = (excess + 1) / 2;
    untilComparison = Math.max(2, length / missing + 1);
    return other.ready.poll();
  }

  /** How many fibers wait here, but for canceled ones; for others, about. */
  private int length() {
    return ready.size() + younger.size();
  }

  private Lane anyOther() {
    int chosen = random.nextInt(all.size() - 1);
    return all.get(chosen < index ? chosen : chosen + 1);
  }

  private @Nullable Ready steal() {
    Ready left = leftBehind.poll();
    if (left != null) {
      return left;
    }
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
    if (!younger.isEmpty()) {
      return false;
    }
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).available() > 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int available() {
    return ready.size() + canceled.size() + (leftBehind.isEmpty() ? 0 : 1);
  }

  @Override
  public boolean spend(Operation operation) {
    return --remaining <= 0;
  }

  @Override
  public void leave() {
    if (all.size() > 1) { // the only lane is taken over as it is
      for (Ready next = younger.peek(); next != null; next = younger.peek()) {
        leftBehind.add(next);
        younger.poll();
      }
    }
  }

  /** Names the scheduler. */
  @Override
  public String toString() {
    return "multififo";
  }
}
