package dev.picos.std.channel;

import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.std.event.Offer;
import dev.picos.std.internal.Deadline;
import dev.picos.std.internal.Waiting;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A place in the list of a channel. A plain {@code Node} or a {@link Numbered} one is an item in
 * the buffer, a {@link Waiter} is an operation that waits to send or to receive, an {@link
 * Offering} is an offer that does, and the {@link End} is the last node of a closed channel.
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
  // WAITING -> BUFFERED -> DONE, WAITING -> any other. A node that is neither WAITING nor BUFFERED
  // is dead, and stays dead.
  //
  // A thread that decides for a node, and has no offer of its own at stake, does so with a
  // compare-and-set on `word`. But if the node is an offer that waits, the thread commits to that
  // offer instead. An offer is decided, too, when its synchronization chooses another alternative.
  // In both cases the `word` of the offer's node follows later: each thread that reads it updates
  // it first. The value with which an offer to send was committed tells whether its item is in the
  // buffer (BUFFERED) or was taken at once (DONE).
  //
  // A thread that acts for an offer of its own, which other channels may know, too, has to change
  // `word` and commit to its offer atomically. If this node is an offer that waits, that takes a
  // transaction. Otherwise the thread puts a Claim into `word`. The Claim stands for its `after` if
  // its offer is committed, and for its `before` if the synchronization of its offer is decided
  // otherwise. A thread that finds a Claim commits to the offer on behalf of the claimer, if the
  // offer is still open. So every Claim is decided within a few steps, no matter which threads stop
  // in between.
  //
  // Lemma: if the offer of a Claim that is still in `word` is committed, this Claim has committed
  // it. Proof:
  //   1 An offer belongs to one channel. It is committed only by a Claim of its own, or by a
  //     partner that finds its node in the list of that channel.
  //   2 An offer makes Claims only before its node is in the list. So no partner has committed it.
  //   3 An offer makes one Claim at a time, and a Claim that fails is its last. So no other Claim
  //     has committed it.
  //
  // Ordering: all accesses are volatile, with these exceptions.
  //   - A constructor writes plainly, since the compare-and-set that appends the node publishes it.
  //   - isolate() writes `next` with release. A thread that still reads the older `next` follows
  //     dead nodes to nodes that had been published before.
  //   - forget() writes DONE in the place of an item opaquely, since nobody changes a dead node.
  //   - `item` is plain. It is written before the node gets its place. It is set to null by the
  //     thread that has decided to take the item, or by the owner once the node is dead. A thread
  //     that reads `item` without having decided tries to decide by `word` afterwards, and fails if
  //     another thread has done so.

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

  /** To be called before this is appended to {@code last}. */
  void follow(Node<T> last) {}

  /** Whether this is on the side of the senders. */
  boolean sends() {
    return true;
  }

  /** The offer that waits here; {@code null} if no offer does, or if it is known to be decided. */
  @Nullable Offer<Object> offer() {
    return null;
  }

  boolean isDead() {
    return !isLive(word());
  }

  /** The state; if a claim is found, it is decided first. */
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
   * Changes the state from {@code before} to {@code after}, and wakes the operation that waits
   * here. If {@code self} is not null, this atomically commits to {@code self} with {@code value}
   * as well, or changes nothing. It may fail although the state has not changed only if {@code
   * self} is not open.
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

  /** Ends the wait of the operation or offer that waits here, because the channel is closed. */
  void close(@Nullable Throwable cause) {
    if (swap(WAITING, CLOSED)) {
      wake();
    }
  }

  void wake() {}

  /** The item, masked; for the thread that has decided to take it. */
  Object take() {
    Object taken = masked(item);
    item = null;
    return taken;
  }

  /** The item, for a thread that has not decided yet; it may be gone if another thread has. */
  @Nullable Object peek() {
    return item;
  }

  /** Drops the reference to what was given here; for the owner of a dead node. */
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

  /** Makes {@code node} the next, if {@code before} still is. */
  boolean trySkip(Node<T> before, Node<T> node) {
    Point.before(this, Point.Kind.UPDATE);
    return NEXT.compareAndSet(this, before, node);
  }

  /** Leaves the list at its head. */
  void isolate() {
    Point.before(this, Point.Kind.WRITE);
    NEXT.setRelease(this, this);
  }

  /** An attempt to change a word and to commit to an offer atomically. */
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

  /** An item in a buffer that drops its oldest. */
  static final class Numbered<T extends @Nullable Object> extends Node<T> {
    int number;

    Numbered(@Nullable Object item) {
      super(BUFFERED, item);
    }

    @Override
    void follow(Node<T> last) {
      number = last instanceof Numbered<T> before ? before.number + 1 : 0;
    }
  }

  /** An operation that waits. */
  static final class Waiter<T extends @Nullable Object> extends Node<T> implements Waiting {
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
      trigger().signal();
    }

    @Override
    public Trigger trigger() {
      Point.before(this, Point.Kind.READ);
      return trigger;
    }

    @Override
    public void replaceTrigger(Trigger trigger) {
      Point.before(this, Point.Kind.WRITE);
      this.trigger = trigger;
    }

    @Override
    public boolean isDecided() {
      return word() != WAITING;
    }

    /**
     * Waits until this is decided, the deadline has passed, or the fiber is canceled.
     *
     * @return the reason of the cancelation, or the error that kept it from waiting, or {@code
     *     null}
     */
    @Nullable Throwable await(@Nullable Deadline deadline) {
      Throwable reason = await(deadline == null ? null : deadline.limit());
      return reason == Deadline.PASSED ? null : reason;
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

    /** Cleared once the word says everything: a thread that finds null here sees a decided word. */
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
      boolean decided =
          self == null ? waiting.tryCommit(with) : Offer.tryCommitBoth(self, value, waiting, with);
      if (decided) {
        Object unused = word(); // lets go of the offer, which holds on to what it was given
      }
      return decided;
    }

    @Override
    void close(@Nullable Throwable cause) {
      Offer<Object> waiting = offer;
      if (waiting != null) {
        boolean unused = waiting.tryFail(new ChannelClosedException(cause));
      }
    }

    /** Takes the item back, after the synchronization has chosen another alternative. */
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
