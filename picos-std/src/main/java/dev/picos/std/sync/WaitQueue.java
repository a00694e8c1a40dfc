package dev.picos.std.sync;

import dev.picos.core.ComputationException;
import dev.picos.std.internal.Failures;
import org.jspecify.annotations.Nullable;

/**
 * The waiters of a primitive, oldest first: a value that is never empty, and is replaced by a
 * compare-and-set on the word where the primitive keeps it.
 *
 * <p>Adding and removing at the ends take constant time. A waiter that was {@linkplain
 * Waiter#abandon abandoned} stays in the list until there is as much garbage as there is life; so
 * abandoning takes amortised constant time, also when ten thousand fibers are canceled at once, and
 * the list is at most about twice as long as there are live waiters.
 */
final class WaitQueue {
  // For maintainers.
  //
  // A queue is the part of a singly linked list from `oldest` to `newest`. Queues that follow each
  // other in one word share that list. A waiter is appended in three steps: `previous` of the new
  // waiter is set to the newest one; the compare-and-set makes it the newest; and link(), called by
  // whoever changes the queue next, sets `next` of the previous one and clears `previous`. Several
  // may do the last step at once; they write the same.
  //
  // Invariants, for the queue that is in the word at present:
  //   - after link(), following `next` from `oldest` reaches `newest`;
  //   - it passes every waiter in between that is not abandoned, in the order in which they came:
  //     what is skipped is abandoned, which is final, and the end of the list, whose `next` is
  //     null, is never skipped;
  //   - whoever was taken off for its turn has its `next` cleared at some time after that (an old
  //     dead waiter would otherwise keep the younger ones alive, dead as well, until the collector
  //     comes to its older generation).
  // An operation on a queue that is out of date may find a `next` that is null or leads elsewhere.
  // What it computes then is worthless, and harmless: every queue in the word is a new object, so
  // its compare-and-set fails. What it writes is harmless too: it links waiters that have been
  // taken off, or puts back waiters that have been abandoned.
  //
  // garbage is an estimate: a waiter counts when it reports that it was abandoned, and is
  // discounted when it is taken off, which may be earlier; swept() counts anew. Whoever changes a
  // queue with too much of it has to sweep, so that sweeping, which takes longer, is not overtaken
  // for ever by operations that do not have to. (As in core's Bag.)
  //
  // Ordering: `next` and `previous` are written with release and read with acquire. Who finds
  // `previous` cleared sees the `next` that was written before it.
  //
  // Differences from the original: removal is lazy (there each cancelation copies the list).

  /** Up to this length a sweep is not worth being put off. */
  private static final int SHORT = 8;

  private final Waiter oldest;
  private final Waiter newest;
  private final int length;
  private final int garbage;

  private WaitQueue(Waiter oldest, Waiter newest, int length, int garbage) {
    this.oldest = oldest;
    this.newest = newest;
    this.length = length;
    this.garbage = garbage;
  }

  /** The queue with {@code waiter} appended to {@code queue}, or alone if that is empty. */
  static WaitQueue plus(@Nullable WaitQueue queue, Waiter waiter) {
    WaitQueue base = queue != null && queue.isOverfull() ? queue.swept() : queue;
    if (base == null) {
      waiter.soPrevious(null);
      return new WaitQueue(waiter, waiter, 1, 0);
    }
    base.link();
    waiter.soPrevious(base.newest);
    return new WaitQueue(base.oldest, waiter, base.length + 1, base.garbage);
  }

  Waiter oldest() {
    return oldest;
  }

  /**
   * This queue without the oldest waiter, and without those after it that are abandoned; {@code
   * null} when that leaves none.
   */
  @Nullable WaitQueue rest() {
    if (oldest == newest) {
      return null;
    }
    link();
    int off = 1;
    int garbageOff = oldest.isAbandoned() ? 1 : 0;
    Waiter next = oldest.laNext();
    for (; next != null && next != newest && next.isAbandoned(); next = next.laNext()) {
      off++;
      garbageOff++;
    }
    if (next == null) {
      return this; // out of date
    }
    if (next == newest && newest.isAbandoned()) {
      return null;
    }
    WaitQueue rest = new WaitQueue(next, newest, length - off, garbage - garbageOff);
    return rest.isOverfull() ? rest.swept() : rest;
  }

  /** To be called once {@link #rest} has replaced this queue. */
  void oldestIsOff() {
    oldest.soNext(null);
  }

  /** This queue after one of its waiters was abandoned; {@code null} when none is left. */
  @Nullable WaitQueue lessOne() {
    return length <= SHORT || isOverfull()
        ? swept()
        : new WaitQueue(oldest, newest, length, garbage + 1);
  }

  /**
   * Grants to everyone, oldest first. For who has taken this queue out of its word, so that nobody
   * else takes waiters off. Throws at the end what waking some of them threw.
   */
  void grantAll() {
    link();
    Throwable failure = null;
    for (Waiter waiter = oldest; waiter != null; ) {
      Waiter next = waiter == newest ? null : waiter.laNext();
      try {
        boolean unused = waiter.grant();
      } catch (Throwable thrown) {
        failure = Failures.joined(failure, thrown);
      }
      waiter.soNext(null);
      waiter = next;
    }
    if (failure != null) {
      throw ComputationException.unchecked(failure);
    }
  }

  /** How many wait, those included that have been abandoned lately. */
  int length() {
    return length;
  }

  private boolean isOverfull() {
    return garbage > length - garbage;
  }

  private void link() {
    Waiter last = newest.laPrevious();
    if (last != null) {
      last.soNext(newest);
      newest.soPrevious(null);
    }
  }

  /** This queue without the abandoned waiters, all but the newest; {@code null} if none is left. */
  private @Nullable WaitQueue swept() {
    link();
    Waiter first = firstLive(oldest);
    if (first == null) {
      return this; // out of date
    }
    int kept = 1;
    for (Waiter waiter = first; waiter != newest; kept++) {
      Waiter next = waiter.laNext();
      Waiter live = next == null ? null : firstLive(next);
      if (live == null) {
        return this; // out of date
      }
      if (live != next) {
        waiter.soNext(live);
      }
      waiter = live;
    }
    boolean newestIsGarbage = newest.isAbandoned();
    return kept == 1 && newestIsGarbage
        ? null
        : new WaitQueue(first, newest, kept, newestIsGarbage ? 1 : 0);
  }

  /** The first waiter from {@code waiter} on that is live or the newest. */
  private @Nullable Waiter firstLive(Waiter waiter) {
    Waiter candidate = waiter;
    while (candidate != null && candidate != newest && candidate.isAbandoned()) {
      candidate = candidate.laNext();
    }
    return candidate;
  }
}
