package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Timeouts in a time that stands still until somebody {@linkplain #advance advances} it, from one
 * deadline to the next. Exact: timeouts fire in the order of their deadlines, and those with the
 * same deadline in the order in which they were set.
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

  private record Entry(Computation<?> computation, Throwable reason) {}

  /** Makes a timer without timeouts, at time zero. */
  public VirtualTimer() {}

  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    long sum = now.get() + TimeUnit.NANOSECONDS.convert(delay);
    long deadline = sum < 0 ? Long.MAX_VALUE : sum;
    Key key = new Key(deadline, created.getAndIncrement());
    timeouts.put(key, new Entry(computation, reason));
    Trigger onCompletion =
        Trigger.<VirtualTimer, Key>fromAction(
            this, key, (trigger, timer, timeout) -> timer.timeouts.remove(timeout));
    if (!computation.tryAttach(onCompletion)) {
      timeouts.remove(key);
    }
  }

  /** Returns how much time has passed. */
  public Duration now() {
    return Duration.ofNanos(now.get());
  }

  /**
   * Moves the time to the earliest deadline and lets that one timeout fire. Called by one thread at
   * a time.
   *
   * @return {@code false} if there is no timeout, and time stands still
   */
  public boolean advance() {
    var first = timeouts.pollFirstEntry();
    if (first == null) {
      return false;
    }
    // A timeout that was set meanwhile, by what the time had been before, may be late already.
    now.accumulateAndGet(first.getKey().deadline(), Math::max);
    first.getValue().computation().tryCancel(first.getValue().reason());
    return true;
  }

  /** Returns how many timeouts are set. */
  public int size() {
    return timeouts.size();
  }
}
