package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Timeouts in a time that stands still until somebody {@linkplain #advance advances} it, from one
 * deadline to the next. It is exact: timeouts fire in the order of their deadlines, and those with
 * the same deadline in the order in which they were set.
 *
 * <p>Setting and removing take logarithmic time and are lock-free.
 */
public final class VirtualTimer implements Timer {
  private final ConcurrentSkipListMap<Key, Entry> timeouts = new ConcurrentSkipListMap<>();
  private final AtomicLong created = new AtomicLong();
  private final AtomicLong now = new AtomicLong();

  private record Key(long deadline, long order) implements Comparable<Key> {
    @Override
    public int compareTo(Key that) {
      int byDeadline = Long.compare(deadline, that.deadline);
      return byDeadline != 0 ? byDeadline : Long.compare(order, that.order);
    }
  }

  /** The outcome is made when the timeout is set, so that firing takes no memory for it. */
  private record Entry(Computation<?> computation, Outcome.Canceled<?> outcome) {}

  /** Makes a timer without timeouts, at time zero. */
  public VirtualTimer() {}

  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    long sum = now.get() + TimeUnit.NANOSECONDS.convert(delay);
    long deadline = sum < 0 ? Long.MAX_VALUE : sum;
    Key key = new Key(deadline, created.getAndIncrement());
    Entry entry = new Entry(computation, new Outcome.Canceled<>(reason));
    Trigger onCompletion =
        Trigger.<VirtualTimer, Key>fromAction(
            this, key, (trigger, timer, timeout) -> timer.remove(timeout));
    boolean isSet = false;
    try {
      timeouts.put(key, entry);
      isSet = computation.tryAttach(onCompletion);
    } finally {
      if (!isSet) {
        remove(key); // also if there was no memory; the map may hold the entry even so
      }
    }
  }

  private void remove(Key key) {
    try {
      timeouts.remove(key);
    } catch (OutOfMemoryError full) {
      // The entry has been removed by then, and what has not been tidied up is so later.
    }
  }

  /** Returns how much time has passed. */
  public Duration now() {
    return Duration.ofNanos(now.get());
  }

  /**
   * Moves the time to the earliest deadline and lets that one timeout fire. It is called by one
   * thread at a time.
   *
   * @return {@code false} if there is no timeout, and time stands still
   * @throws OutOfMemoryError if there is no memory to look at the timeouts; the next call tries
   *     again
   */
  public boolean advance() {
    var first = timeouts.firstEntry(); // which stays until it can be carried out for certain
    if (first == null) {
      return false;
    }
    remove(first.getKey());
    // A timeout that was set meanwhile, and counts from the time as it was before, may be late
    // already.
    now.accumulateAndGet(first.getKey().deadline(), Math::max);
    boolean unused = Timeout.tryCancel(first.getValue().computation(), first.getValue().outcome());
    return true;
  }

  /** Returns how many timeouts are set. */
  public int size() {
    return timeouts.size();
  }
}
