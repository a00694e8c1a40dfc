package dev.picos.std.awaitable;

import org.jspecify.annotations.Nullable;

/**
 * Those who wait for an awaitable, oldest first: a value that is never empty, and is replaced by a
 * compare-and-set on the word where the awaitable keeps it.
 *
 * <p>Appending takes constant time. An awaiter that has ended, signaled or removed, wherever it is
 * in the list, stays there until it comes to the front or there is as much garbage as there is
 * life; so ending takes amortised constant time, also when ten thousand fibers are canceled at
 * once, and the list is at most about twice as long as there are live awaiters.
 */
final class WaitList {
  // For maintainers.
  //
  // A list is the part of a singly linked list from `oldest` to `newest`. Lists that follow each
  // other in one word share it. An awaiter is appended in three steps: its `previous` is set to the
  // newest one; the compare-and-set makes it the newest; and link(), called by whoever walks or
  // changes the list next, sets `next` of the previous one and clears `previous`. Several may do
  // the last step at once; they write the same.
  //
  // Ending is a matter of the awaiter's own status, which decides who has it; the list is only the
  // way to find the live ones. Ended is final.
  //
  // Invariants, for the list that is in the word at present:
  //   - after link(), following `next` from `oldest` reaches `newest`;
  //   - it passes every live awaiter in between, in the order in which they came: what is skipped
  //     has ended, and the end of the list, whose `next` is null, is never skipped.
  // Someone who walks a list that is out of date passes every live awaiter too, or comes to a
  // `next` that is null before the end, and begins again with the list that is in the word.
  //
  // Whoever takes the oldest off clears its `next`: an old dead awaiter would otherwise keep the
  // younger ones alive, dead as well, until the collector comes to its older generation. Nothing in
  // the list leads to it then, so nothing is cut off. For any other that would not do: one who
  // sweeps an outdated list may just then put back an awaiter that has ended, and everyone who
  // comes later hangs on that.
  //
  // garbage is an estimate: an awaiter counts when its end is reported by less(), and is discounted
  // when it is taken off, which may be earlier; swept() counts anew. Whoever changes a list with
  // too much of it has to sweep, so that sweeping, which takes longer, is not overtaken for ever by
  // operations that do not have to.
  //
  // Ordering: `next` and `previous` are written with release and read with acquire. Who finds
  // `previous` cleared sees the `next` that was written before it.
  //
  // This is the queue that the fair primitives use, but for what leaves it: there it is always the
  // oldest, which is taken off before it is granted anything; here it may be any, and is taken off
  // after that.

  /** Up to this length a sweep is not worth being put off. */
  private static final int SHORT = 8;

  private final Awaiter oldest;
  private final Awaiter newest;
  private final int length;
  private final int garbage;

  private WaitList(Awaiter oldest, Awaiter newest, int length, int garbage) {
    this.oldest = oldest;
    this.newest = newest;
    this.length = length;
    this.garbage = garbage;
  }

  /** The list with {@code awaiter} appended to {@code list}, or alone if that is empty. */
  static WaitList plus(@Nullable WaitList list, Awaiter awaiter) {
    WaitList base = list != null && list.isOverfull() ? list.swept() : list;
    if (base == null) {
      awaiter.soPrevious(null);
      return new WaitList(awaiter, awaiter, 1, 0);
    }
    base.link();
    awaiter.soPrevious(base.newest);
    return new WaitList(base.oldest, awaiter, base.length + 1, base.garbage);
  }

  /** This list after {@code ended} more of its awaiters have; {@code null} when none is left. */
  @Nullable WaitList less(int ended) {
    link();
    Awaiter first = oldest;
    int off = 0;
    for (; first.hasEnded(); off++) {
      Awaiter next = first == newest ? null : first.laNext();
      if (next == null) {
        return first == newest ? null : this; // empty, or out of date
      }
      first = next;
    }
    WaitList rest = new WaitList(first, newest, length - off, garbage + ended - off);
    return rest.length <= SHORT || rest.isOverfull() ? rest.swept() : rest;
  }

  /** To be called once {@code successor} has replaced this list. */
  void isReplacedBy(@Nullable WaitList successor) {
    if (successor == null || successor.oldest != oldest) {
      oldest.soNext(null);
    }
  }

  /** The first to look at on a walk through this list. */
  Awaiter oldest() {
    link();
    return oldest;
  }

  /** The last to look at on a walk through this list. */
  Awaiter newest() {
    return newest;
  }

  /** About how many wait. */
  int liveCount() {
    return Math.max(length - Math.max(garbage, 0), 0);
  }

  private boolean isOverfull() {
    return garbage > length - garbage;
  }

  private void link() {
    Awaiter last = newest.laPrevious();
    if (last != null) {
      last.soNext(newest);
      newest.soPrevious(null);
    }
  }

  /** This list without those who have ended, all but the newest; {@code null} if none is left. */
  private @Nullable WaitList swept() {
    link();
    Awaiter first = firstLive(oldest);
    if (first == null) {
      return this; // out of date
    }
    int kept = 1;
    for (Awaiter awaiter = first; awaiter != newest; kept++) {
      Awaiter next = awaiter.laNext();
      Awaiter live = next == null ? null : firstLive(next);
      if (live == null) {
        return this; // out of date
      }
      if (live != next) {
        awaiter.soNext(live);
      }
      awaiter = live;
    }
    boolean newestIsGarbage = newest.hasEnded();
    return kept == 1 && newestIsGarbage
        ? null
        : new WaitList(first, newest, kept, newestIsGarbage ? 1 : 0);
  }

  /** The first awaiter from {@code awaiter} on that is live or the newest. */
  private @Nullable Awaiter firstLive(Awaiter awaiter) {
    Awaiter candidate = awaiter;
    while (candidate != null && candidate != newest && candidate.hasEnded()) {
      candidate = candidate.laNext();
    }
    return candidate;
  }
}
