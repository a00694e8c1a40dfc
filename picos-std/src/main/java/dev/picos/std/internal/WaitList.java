package dev.picos.std.internal;

import dev.picos.core.ComputationException;
import org.jspecify.annotations.Nullable;

/**
 * The waiters for something, oldest first. A list is a value that is never empty. Its owner keeps
 * it in a word, and replaces it there by a compare-and-set.
 *
 * <p>Appending, and removing the oldest, takes constant time. A waiter that has ended, wherever it
 * is in the list, stays there until it comes to the front or as many waiters have ended as are
 * live. So ending takes amortised constant time, even when ten thousand fibers are canceled at
 * once. Once every end has been {@linkplain #less reported}, the list is no longer than twice the
 * number of live waiters plus eight.
 *
 * @param <L> the type of the waiters
 */
public final class WaitList<L extends Link> {
  // For maintainers.
  //
  // A list is the part of a singly linked list from `oldest` to `newest`. Lists that follow each
  // other in one word share the links. A link is appended in three steps: its `previous` is set to
  // the newest link; the compare-and-set makes it the newest; and link(), which every thread calls
  // that next walks or changes the list, sets `next` of the previous link and clears `previous`.
  // Several threads may do the last step at once; they write the same.
  //
  // The status of a link itself decides whether it has ended, and which thread has ended it; the
  // list is only the way to find the live links. A link that has ended stays so. Owners use the
  // list in one of two ways. Some take the oldest link off and then grant to it; then a link that
  // is in the list ends only by giving up. Others walk the list and grant to any link, and report
  // that afterwards, as links that give up do. For the following, a link that has been taken off
  // with rest() counts as ended.
  //
  // Invariants, for the list that is in the word at present:
  //   - After link(), following `next` from `oldest` leads to `newest`.
  //   - It leads past every live link in between, in the order in which they came: links that are
  //     skipped have ended, and the last link, whose `next` is null, is never skipped.
  //
  // Claim: using a list that is out of date is harmless. Proof:
  //   1 A thread that walks it passes every live link, too, or comes to a `next` that is null
  //     before the end, and begins again with the list that is in the word.
  //   2 Every list in the word is a new object. So a compare-and-set fails that would replace an
  //     outdated list, and what the thread has computed from the list is dropped.
  //   3 What the thread writes either links links that have been taken off, or puts back links that
  //     have ended.
  //
  // A thread that takes the oldest link off clears its `next`. Otherwise an old dead link would
  // keep younger ones alive, dead as well, until the collector comes to its old generation. Nothing
  // in the list leads to the oldest link then, so nothing is cut off. For any other link this would
  // be wrong: a thread that sweeps an outdated list may be about to put back a link that has ended,
  // and then all links that come later depend on its `next`.
  //
  // `garbage` is an estimate. A link is counted when its end is reported by less(), and is
  // discounted when it is taken off, which may be earlier; swept() counts anew. The estimate falls
  // short only by ends that are yet to be reported. A thread that changes a list with too much
  // garbage has to sweep it. Otherwise operations that do not sweep could overtake a sweep, which
  // takes longer, again and again. (The Bag of core does the same.)
  //
  // Ordering: `next` and `previous` are written with release and read with acquire. A thread that
  // finds `previous` cleared sees the `next` that was written before it.
  //
  // Differences from the original: removal is lazy (there each cancelation copies the list).

  /** Up to this length, sweeping at once is cheaper than putting it off. */
  private static final int SHORT = 8;

  private final L oldest;
  private final L newest;
  private final int length;
  private final int garbage;

  private WaitList(L oldest, L newest, int length, int garbage) {
    this.oldest = oldest;
    this.newest = newest;
    this.length = length;
    this.garbage = garbage;
  }

  /**
   * Returns {@code list} with {@code link} appended, or {@code link} alone if {@code list} is
   * empty.
   */
  public static <L extends Link> WaitList<L> plus(@Nullable WaitList<L> list, L link) {
    WaitList<L> base = list != null && list.isOverfull() ? list.swept() : list;
    if (base == null) {
      link.soPrevious(null);
      return new WaitList<>(link, link, 1, 0);
    }
    base.link();
    link.soPrevious(base.newest);
    return new WaitList<>(base.oldest, link, base.length + 1, base.garbage);
  }

  /** The first link on a walk through this list. */
  public L oldest() {
    link();
    return oldest;
  }

  /** The last link on a walk through this list. */
  public L newest() {
    return newest;
  }

  /**
   * The link after {@code link}, which is not the newest; {@code null} if this list is out of date.
   */
  @SuppressWarnings("unchecked") // only links of the same list
  public @Nullable L after(L link) {
    return (L) link.laNext();
  }

  /**
   * This list without the oldest link, ended or not, and without the links right after it that have
   * ended; {@code null} if none is left.
   */
  public @Nullable WaitList<L> rest() {
    return shorter(oldest, 0);
  }

  /** This list, after {@code ended} more of its links have ended; {@code null} if none is left. */
  public @Nullable WaitList<L> less(int ended) {
    return shorter(null, ended);
  }

  private @Nullable WaitList<L> shorter(@Nullable L taken, int ended) {
    link();
    L first = oldest;
    int off = 0;
    int garbageOff = 0;
    for (boolean dead; (dead = first.hasEnded()) || first == taken; off++) {
      L next = first == newest ? null : after(first);
      if (next == null) {
        return first == newest ? null : this; // empty, or out of date
      }
      garbageOff += dead ? 1 : 0;
      first = next;
    }
    WaitList<L> rest = new WaitList<>(first, newest, length - off, garbage + ended - garbageOff);
    return rest.isOverfull() || (rest.garbage > 0 && rest.length <= SHORT) ? rest.swept() : rest;
  }

  /**
   * Unlinks what has been taken off; to be called once {@code successor} has replaced this list.
   */
  public void isReplacedBy(@Nullable WaitList<L> successor) {
    if (successor == null || successor.oldest != oldest) {
      oldest.soNext(null);
    }
  }

  /**
   * Grants to all links, oldest first. For a thread that has taken this list out of its word, so
   * that no other thread takes links off. Throws at the end what was thrown when some waiters were
   * woken.
   */
  public void grantAll() {
    link();
    Throwable failure = null;
    for (L link = oldest; link != null; ) {
      L next = link == newest ? null : after(link);
      try {
        boolean unused = link.grant();
      } catch (Throwable thrown) {
        failure = Failures.joined(failure, thrown);
      }
      link.soNext(null);
      link = next;
    }
    if (failure != null) {
      throw ComputationException.unchecked(failure);
    }
  }

  /**
   * Waits a moment for memory, in an owner that must not fail to change its list, and so tries
   * again. Takes none, and does not throw.
   */
  public static void awaitMemory() {
    try {
      Thread.yield();
    } catch (OutOfMemoryError full) {
      Thread.onSpinWait(); // a virtual thread takes memory to leave its carrier
    }
  }

  /** The approximate number of live links. */
  public int liveCount() {
    return Math.max(length - Math.max(garbage, 0), 0);
  }

  /** The number of links in this list, including those that have ended; for tests of space. */
  int length() {
    return length;
  }

  private boolean isOverfull() {
    return garbage > length - garbage;
  }

  private void link() {
    Link last = newest.laPrevious();
    if (last != null) {
      last.soNext(newest);
      newest.soPrevious(null);
    }
  }

  /**
   * This list without the links that have ended, except the newest; {@code null} if none is left.
   */
  private @Nullable WaitList<L> swept() {
    link();
    L first = firstLive(oldest);
    if (first == null) {
      return this; // out of date
    }
    int kept = 1;
    for (L link = first; link != newest; kept++) {
      L next = after(link);
      L live = next == null ? null : firstLive(next);
      if (live == null) {
        return this; // out of date
      }
      if (live != next) {
        link.soNext(live);
      }
      link = live;
    }
    boolean newestIsGarbage = newest.hasEnded();
    return kept == 1 && newestIsGarbage
        ? null
        : new WaitList<>(first, newest, kept, newestIsGarbage ? 1 : 0);
  }

  /** The first link, from {@code link} on, that is live or the newest. */
  private @Nullable L firstLive(L link) {
    L candidate = link;
    while (candidate != null && candidate != newest && candidate.hasEnded()) {
      candidate = after(candidate);
    }
    return candidate;
  }
}
