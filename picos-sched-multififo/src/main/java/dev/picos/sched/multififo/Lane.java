package dev.picos.sched.multififo;

import dev.picos.domains.FlightRecording;
import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The fibers that are ready on one domain: first come, first served, except that those that are
 * canceled go before all others. A domain whose lane is empty takes half of the fibers of another
 * one, and a domain whose lane is shorter than another takes a fiber from time to time.
 *
 * <p>Each time that a domain has run about as many fibers as its lane holds, and 16 at least, it
 * compares its lane with another one, chosen at random, and runs the oldest fiber of the longer
 * one. While that one is much longer, it compares them again sooner. So fibers that keep yielding
 * spread evenly, however many there are, and each gets its share of the domains. (Picos,
 * multififo.) If nothing has been taken from the other lane for a while, that lane counts as
 * longer.
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
  // the fewer the greater the difference is, but at least one. So it always takes the fiber that
  // has waited longest there, no fiber waits longer because it was taken, and a great difference is
  // gone when the domain has run about twice as many fibers. Taking a single fiber each round, as
  // the original does, needs a number of rounds that grows with the difference. Rejected: taking
  // half of the difference at once, as those fibers would go behind all that the shorter lane
  // holds.
  //
  // A domain may compute for long, or wait for a fiber in the lane of its own. So if nothing has
  // been taken from another lane for STANDING_NANOS, a fiber is taken from there although it is not
  // longer. That is longer than the operating system lets a thread wait for a processor, as a rule:
  // the domain is about to go on then.
  //
  // A domain whose lane is empty does take several at once, up to STOLEN. They go behind nothing,
  // and others can take them from there.
  //
  // To look at another lane takes as long as to run several fibers that do little, since another
  // domain writes there all the time. Therefore it is worth taking several, and a small difference
  // is made up APART fibers apart.
  //
  // Differences from the original: that takes one fiber each round, and steals a single one.

  private static final int CAPACITY = 1024;
  private static final int APART = 16;
  private static final int STOLEN = 32;
  private static final long STANDING_NANOS = 10_000_000;

  /** How far the counts of two lanes are apart: two cache lines, which may be fetched together. */
  private static final int SPACING = 32;

  private final Lanes all;
  private final int index;
  private final int quota;

  // The queues are made when there is something to put into them: most lanes of many never hold a
  // fiber, and most programs cancel few.

  private volatile @Nullable Ring<Ready> canceled;
  private volatile @Nullable LaneQueue<Ready> ready;

  /** Whether the lane is marked as one that holds a fiber. */
  private boolean isMarked;

  private final SplittableRandom random;

  /**
   * What is written for each fiber. The other domains read the rest of this object, so it lies
   * elsewhere: in an array for all lanes, in which each has its own cache lines.
   */
  private final int[] counts;

  /** Where in {@link #counts} is what is left of the running fiber's quota. */
  private final int remaining;

  /** Where in {@link #counts} is how many fibers run before this lane is compared with another. */
  private final int untilComparison;

  /**
   * The lane to compare with again, since it was longer, or to see whether it stands; if there is
   * none, it will be another one, chosen at random.
   */
  private @Nullable Lane other;

  /** What the position of {@link #other} was when it was first seen there. */
  private long standingAt;

  private long standingSince;

  /** Makes one of the lanes of an execution; there must be two or more. */
  Lane(Lanes all, int[] counts, int index, int quota) {
    this.all = all;
    this.index = index;
    this.quota = quota;
    random = new SplittableRandom(index);
    this.counts = counts;
    remaining = (index + 1) * SPACING;
    untilComparison = remaining + 1;
    counts[untilComparison] = 1;
  }

  /** Returns the counts for the given number of lanes. */
  static int[] newCounts(int lanes) {
    return new int[(lanes + 1) * SPACING];
  }

  @Override
  public void ready(Ready fiber, boolean first) {
    mark(); // before: by the time that the fiber is here, nothing may fail any more
    if (!first || !offerCanceled(fiber)) {
      ready().offer(fiber);
    }
  }

  private LaneQueue<Ready> ready() {
    LaneQueue<Ready> queue = ready;
    if (queue == null) {
      queue = new LaneQueue<>();
      ready = queue;
    }
    return queue;
  }

  private void mark() {
    if (!isMarked) {
      all.mark(index);
      isMarked = true;
    }
  }

  private boolean offerCanceled(Ready fiber) {
    Ring<Ready> queue = canceled;
    if (queue == null) {
      queue = new Ring<>(CAPACITY);
      canceled = queue;
    }
    return queue.offer(fiber);
  }

  @Override
  public @Nullable Ready next() {
    counts[remaining] = quota;
    Ready next = takeCanceled();
    if (next == null && --counts[untilComparison] <= 0) {
      next = fromLonger();
      if (next != null) {
        FlightRecording.stole(1);
      }
    }
    if (next == null) {
      next = takeReady();
    }
    return next != null ? next : steal();
  }

  private @Nullable Ready takeCanceled() {
    Ring<Ready> queue = canceled;
    return queue == null ? null : queue.poll();
  }

  private @Nullable Ready takeReady() {
    LaneQueue<Ready> queue = ready;
    return queue == null ? null : queue.poll();
  }

  private @Nullable Ready fromLonger() {
    int length = readyCount();
    counts[untilComparison] = Math.max(APART, length + 1);
    Lane other = this.other == null ? anyOther() : this.other;
    int excess = other.readyCount() - length;
    if (excess <= 0) {
      return other.isVacant() ? lookElsewhere() : fromStanding(other);
    }
    int missing = (excess + 1) / 2;
    int atLeast = Math.clamp(APART * APART / missing, 2, APART);
    counts[untilComparison] = Math.max(atLeast, length / missing + 1);
    this.other = other;
    standingAt = -1;
    return other.takeReady();
  }

  private @Nullable Ready lookElsewhere() {
    other = null;
    return null;
  }

  /** Takes a fiber of a lane from which nothing has been taken for long. */
  private @Nullable Ready fromStanding(Lane other) {
    long position = other.position();
    if (this.other == null) {
      this.other = other;
      standingAt = position;
      standingSince = System.nanoTime();
      return null;
    }
    if (position != standingAt) {
      return lookElsewhere();
    }
    if (System.nanoTime() - standingSince < STANDING_NANOS) {
      return null;
    }
    Ready next = other.takeCanceled();
    if (next == null) {
      next = other.takeReady();
    }
    standingAt = other.position();
    return next;
  }

  /** Changes whenever a fiber is taken from here. */
  private long position() {
    LaneQueue<Ready> queue = ready;
    Ring<Ready> ahead = canceled;
    return (queue == null ? 0 : queue.position()) + (ahead == null ? 0 : ahead.taken());
  }

  private Lane anyOther() {
    int chosen = random.nextInt(all.count() - 1);
    return all.get(chosen < index ? chosen : chosen + 1);
  }

  /** Takes fibers of another lane when there is none here, and returns the first of them. */
  private @Nullable Ready steal() {
    if (isMarked) {
      isMarked = false;
      all.unmark(index); // only the owner adds, so it has to be empty still
    }
    for (Lane other = all.nextOccupied(index); other != null; other = all.nextOccupied(index)) {
      Ready next = other.takeCanceled();
      if (next == null) {
        next = takeHalf(other);
      }
      if (next != null) {
        FlightRecording.stole(1 + readyCount());
        return next;
      }
    }
    return null;
  }

  private @Nullable Ready takeHalf(Lane other) {
    LaneQueue<Ready> queue = other.ready;
    if (queue == null) {
      return null;
    }
    LaneQueue<Ready> mine;
    try {
      mine = ready();
    } catch (OutOfMemoryError full) {
      return queue.poll(); // without a place for further ones
    }
    Ready next = queue.pollHalf(mine, STOLEN - 1);
    if (!mine.isEmpty()) {
      mark();
    }
    return next;
  }

  @Override
  public boolean isEmpty() {
    return isVacant() && all.nextOccupied(index) == null;
  }

  @Override
  public boolean hasEarlier() {
    return !isVacant();
  }

  /** Whether no fiber is here. */
  boolean isVacant() {
    LaneQueue<Ready> queue = ready;
    Ring<Ready> ahead = canceled;
    return (queue == null || queue.isEmpty()) && (ahead == null || ahead.isEmpty());
  }

  @Override
  public int available() {
    Ring<Ready> ahead = canceled;
    return readyCount() + (ahead == null ? 0 : ahead.size());
  }

  private int readyCount() {
    LaneQueue<Ready> queue = ready;
    return queue == null ? 0 : queue.size();
  }

  @Override
  public boolean spend(Operation operation) {
    return --counts[remaining] <= 0;
  }

  /** Names the scheduler. */
  @Override
  public String toString() {
    return "multififo";
  }
}
