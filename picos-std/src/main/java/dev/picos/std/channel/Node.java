package dev.picos.std.channel;

import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.std.event.Offer;
import dev.picos.std.internal.Deadline;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A place in the list of a channel. This very class is an item in the buffer; the others are
 * somebody who waits, be it in an operation or with an offer, to send or to receive; and the end.
 */
class Node<T extends @Nullable Object> {
  // For maintainers.
  //
  //   word            sends                                  receives
  //   WAITING         for a receiver or a place in buffer    for an item
  //   BUFFERED        the item is in the buffer              -
  //   an item         -                                      was given it
  //   DONE            the item was taken                     has seen what it was given
  //   ABANDONED       canceled, or time is up                the same
  //   CLOSED          nobody will come                       the same
  //   Claim           undecided, see below
  //
  // WAITING -> BUFFERED -> DONE, WAITING -> any other; a node that is neither WAITING nor BUFFERED
  // is dead, for ever.
  //
  // Whoever decides for a node and is not bound elsewhere does so with a compare-and-set on this
  // word, or, while it is an offer that waits, by committing to that. An offer decides itself when
  // another alternative of its synchronization is chosen; the word of its node then follows, by
  // whoever looks at it. What an offer to send was committed with tells whether its item is in the
  // buffer (BUFFERED) or was taken at once (DONE).
  //
  // Whoever is bound elsewhere, because he comes with an offer that other channels know of as well,
  // has to change this word and commit to his offer at once. If this is an offer that waits, that
  // takes a transaction. Else he puts a Claim into the word: it means what it turns the word into
  // if his offer is committed, and what was there before if the synchronization of the offer is
  // decided otherwise. Whoever meets a claim commits to the offer, if it is open, in his place; so
  // a claim is decided within a few steps, no matter who stops in between. An offer claims only
  // before it gets a place itself, and one at a time; a claim that fails is its last. So if it is
  // committed, then by its claim.
  //
  // Ordering: everything is volatile, but: what a constructor writes, since the node is published
  // by
  // the compare-and-set that appends it; `next` where it skips or isolates a dead node, which is a
  // release, since who follows the older one sees dead nodes, and what it leads to was published
  // before; and DONE in the place of an item, since nobody changes a dead node. `item` is written
  // before the node gets its place, and set to
  // null by the one who decided that he takes it, or by its owner once the node is dead; who reads
  // it before that decides by the word afterwards, and fails.

  static final Object WAITING = mark("waiting");
  static final Object BUFFERED = mark("buffered");
  static final Object DONE = mark("done");
  static final Object ABANDONED = mark("abandoned");
  static final Object CLOSED = mark("closed");

  /** Stands for an item that is null. */
  private static final Object NULL = mark("null");

  private static final VarHandle NEXT;
  private static final VarHandle WORD;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      NEXT = lookup.findVarHandle(Node.class, "next", Node.class);
      WORD = lookup.findVarHandle(Node.class, "word", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through NEXT
  private volatile @Nullable Node<T> next;

  @SuppressWarnings("unused") // through WORD
  private volatile Object word;

  private @Nullable Object item;

  @SuppressWarnings("NullAway.Init") // plainly through WORD: appending the node publishes it
  private Node(Object word, @Nullable Object item) {
    WORD.set(this, word);
    this.item = item;
  }

  /** Makes an item in the buffer. */
  static <T extends @Nullable Object> Node<T> buffered(T item) {
    return new Node<>(BUFFERED, item);
  }

  /** Makes a dead node, for the list to begin with. */
  static <T extends @Nullable Object> Node<T> dead() {
    return new Node<>(DONE, null);
  }

  private static Object mark(String name) {
    return new Object() {
      @Override
      public String toString() {
        return name;
      }
    };
  }

  static Object masked(@Nullable Object item) {
    return item == null ? NULL : item;
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // it was masked as a T
  static <T extends @Nullable Object> T unmasked(Object masked) {
    return masked == NULL ? null : (T) masked;
  }

  static boolean isLive(Object word) {
    return word == WAITING || word == BUFFERED;
  }

  /** Whether this is on the side of the senders. */
  boolean sends() {
    return true;
  }

  /** The offer that waits here, if that is what this is, and as far as it is known to wait. */
  @Nullable Offer<Object> offer() {
    return null;
  }

  boolean isDead() {
    return !isLive(word());
  }

  /** The state, decided if it was not. */
  Object word() {
    for (; ; ) {
      Point.before(this, Point.Kind.READ);
      Object now = WORD.getVolatile(this);
      if (!(now instanceof Claim claim)) {
        return now;
      }
      boolean unused = claim.decide(this);
    }
  }

  /**
   * Changes the state from {@code before}, if {@code self} is not null exactly if that commits to
   * {@code self} with {@code value}, and wakes who waits here. May fail although nothing has
   * changed only if {@code self} is not open.
   */
  boolean decide(
      Object before, Object after, @Nullable Offer<Object> self, @Nullable Object value) {
    if (self != null) {
      Claim claim = new Claim(self, value, before, after);
      return swap(before, claim) && claim.decide(this);
    }
    if (!swap(before, after)) {
      return false;
    }
    wake();
    return true;
  }

  /** Has whoever waits here wait no more, since the channel is closed. */
  void close(@Nullable Throwable cause) {
    if (swap(WAITING, CLOSED)) {
      wake();
    }
  }

  void wake() {}

  /** The item, masked; for those who decided that they take it. */
  Object take() {
    Object taken = masked(item);
    item = null;
    return taken;
  }

  /** The item, for those who have not decided yet; perhaps gone, if others have. */
  @Nullable Object peek() {
    return item;
  }

  /** Lets go of what was given here; for the owner of a node that is dead. */
  void forget() {
    Point.before(this, Point.Kind.WRITE);
    WORD.setOpaque(this, DONE);
  }

  boolean swap(Object before, Object after) {
    Point.before(this, Point.Kind.UPDATE);
    return WORD.compareAndSet(this, before, after);
  }

  /** The node behind this one; this one itself when it has left the list at its head. */
  @SuppressWarnings("unchecked") // only nodes of the same list
  @Nullable Node<T> next() {
    Point.before(this, Point.Kind.READ);
    return (Node<T>) NEXT.getVolatile(this);
  }

  boolean tryAppend(Node<T> node) {
    Point.before(this, Point.Kind.UPDATE);
    return NEXT.compareAndSet(this, (Node<T>) null, node);
  }

  void setNext(Node<T> node) {
    Point.before(this, Point.Kind.WRITE);
    NEXT.setRelease(this, node);
  }

  /** The wish of somebody who is bound elsewhere to change a word. */
  private record Claim(Offer<Object> self, @Nullable Object value, Object before, Object after) {
    @SuppressWarnings("NullAway") // an item is null only if the type of the items allows it
    boolean decide(Node<?> node) {
      boolean committed = self.tryCommit(value) || self.peek() != null;
      if (node.swap(this, committed ? after : before) && committed) {
        node.wake();
      }
      return committed;
    }
  }

  /** An operation that waits. */
  static final class Waiter<T extends @Nullable Object> extends Node<T> {
    // The trigger is signaled by whoever decides, by the cancelation of the fiber, by the deadline,
    // and also when the fiber's computation returns, as it may when several fibers share one. The
    // last is no reason to stop, and the fiber goes on with a new trigger. It stores that before it
    // looks at the word, and who decides changes the word before he looks at the trigger: with
    // volatile accesses one of them sees the other.

    private static final VarHandle TRIGGER;

    static {
      try {
        TRIGGER = MethodHandles.lookup().findVarHandle(Waiter.class, "trigger", Trigger.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final boolean sends;
    private volatile Trigger trigger;

    @SuppressWarnings("NullAway.Init") // plainly through TRIGGER: appending the node publishes it
    Waiter(boolean sends, @Nullable Object item) {
      super(WAITING, item);
      this.sends = sends;
      TRIGGER.set(this, new Trigger());
    }

    @Override
    boolean sends() {
      return sends;
    }

    @Override
    void wake() {
      Point.before(this, Point.Kind.READ);
      trigger.signal();
    }

    /**
     * Waits until this is decided, the deadline has passed, or the fiber is canceled.
     *
     * @return the reason of the cancelation, or the error that kept it from waiting, or {@code
     *     null}
     */
    @Nullable Throwable await(@Nullable Deadline deadline) {
      for (Trigger current = trigger; ; ) {
        Throwable reason;
        try {
          reason = deadline == null ? current.await() : deadline.await(current);
        } catch (Throwable thrown) { // at the end of stack or memory
          reason = thrown;
        }
        if (reason != null || word() != WAITING) {
          return reason == Deadline.PASSED ? null : reason;
        }
        current = new Trigger();
        Point.before(this, Point.Kind.WRITE);
        trigger = current;
        if (word() != WAITING) {
          return null;
        }
      }
    }

    /** Gives up; returns {@code false} if this was decided. */
    boolean abandon() {
      while (word() == WAITING) {
        if (swap(WAITING, ABANDONED)) {
          Object unused = take();
          return true;
        }
      }
      return false;
    }
  }

  /** An alternative of a synchronization. */
  static final class Offering<T extends @Nullable Object> extends Node<T> {
    private final boolean sends;

    /** Forgotten once the word says everything: who finds it gone sees a word that is decided. */
    private volatile @Nullable Offer<Object> offer;

    Offering(boolean sends, @Nullable Object item, Offer<Object> offer) {
      super(WAITING, item);
      this.sends = sends;
      this.offer = offer;
    }

    @Override
    boolean sends() {
      return sends;
    }

    @Override
    @Nullable Offer<Object> offer() {
      return offer;
    }

    @Override
    Object word() {
      Offer<Object> waiting = offer;
      Object now = super.word();
      if (now != WAITING || waiting == null || waiting.isOpen()) {
        return now;
      }
      boolean inBuffer =
          sends
              && waiting.peek() instanceof Outcome.Returned<Object>(Object with)
              && with == BUFFERED;
      boolean unused = swap(WAITING, inBuffer ? BUFFERED : DONE);
      offer = null;
      return super.word();
    }

    @Override
    @SuppressWarnings("NullAway") // an item is null only if the type of the items allows it
    boolean decide(
        Object before, Object after, @Nullable Offer<Object> self, @Nullable Object value) {
      if (before != WAITING) {
        return super.decide(before, after, self, value);
      }
      Offer<Object> waiting = offer;
      if (waiting == null) {
        return false;
      }
      Object with = sends ? after : unmasked(after);
      return self == null
          ? waiting.tryCommit(with)
          : Offer.tryCommitBoth(self, value, waiting, with);
    }

    @Override
    void close(@Nullable Throwable cause) {
      Offer<Object> waiting = offer;
      if (waiting != null) {
        boolean unused = waiting.tryFail(new ChannelClosedException(cause));
      }
    }

    /** After the synchronization has chosen another one. */
    void withdraw() {
      Object now = word();
      assert !isLive(now) : "withdrawn while " + now;
      Object unused = take();
    }
  }

  /** The last node of a channel that is closed. */
  static final class End<T extends @Nullable Object> extends Node<T> {
    final @Nullable Throwable cause;

    End(@Nullable Throwable cause) {
      super(CLOSED, null);
      this.cause = cause;
    }
  }
}
