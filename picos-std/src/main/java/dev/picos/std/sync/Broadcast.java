package dev.picos.std.sync;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.std.event.Event;
import dev.picos.std.internal.Deadline;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A sequence of values that any fiber can add to and any fiber can follow: each reader gets every
 * value that is published after it has {@linkplain #tap tapped} the sequence, and all readers get
 * them in the same order.
 *
 * {@snippet :
 * Broadcast<Event> events = new Broadcast<>();
 * Broadcast.Reader<Event> reader = events.tap().reader();
 * // somewhere
 * events.publish(event);
 * // somewhere else
 * for (Event next : reader) { // until the sequence is closed
 *   handle(next);
 * }
 * }
 *
 * <p>Reading takes nothing away: a {@link Cursor} is a position in the sequence, and what it reads
 * is the same for everybody and at any time. A {@link Reader} is a cursor that moves on.
 *
 * <p>A sequence may be ended: it is {@linkplain #close closed}, or {@linkplain #poison poisoned}.
 * Values published before that can still be read; a reader that comes to the end then throws a
 * {@link BroadcastClosedException}, or the poison, that very object.
 *
 * <p>Publishing never waits. What happens to a slow reader is decided when the sequence is made. By
 * default there is no bound on how far a reader may fall behind: a value is kept as long as a
 * cursor stands before it, and is garbage as soon as none does. A {@linkplain #bounded bounded}
 * sequence keeps the latest values and no others: a reader that has fallen behind further goes on
 * with the oldest value that is kept, and can tell {@linkplain Reader#missed how many} it has
 * missed.
 *
 * <p>What a fiber does before it publishes a value or poisons the sequence happens before what
 * another fiber does after it has read the value or the poison.
 *
 * <p>Progress: everything but waiting for a value is lock-free. Space: a few references, and some
 * 80 bytes for each value that is kept.
 *
 * <p>The values form a linked list, and generational collectors are bad at collecting those. A
 * value may get into the old generation, because it was the last one for a long time or waited long
 * to be read. It then keeps the values after it alive until the old generation as a whole is
 * collected, although no cursor stands before them; and so these get into the old generation in
 * turn. Nothing is kept for good. But in a program that publishes millions of values per second,
 * the heap grows to its limit again and again, and each young collection takes the time to copy
 * everything that has been published since the one before. The chain is broken where a new sequence
 * replaces one that has ended.
 *
 * @param <T> the type of the values
 */
public final class Broadcast<T extends @Nullable Object> {
  // For maintainers.
  //
  // The sequence is a singly linked list of computations. Each cursor holds one of them. It returns
  // the value at the position of the cursor and the next cursor, or is canceled with the poison.
  // The last cursor is the one whose computation is running or canceled. `tail` is the last cursor
  // or the one before it.
  //
  // A thread publishes by returning from the computation of the last cursor, which appends a new
  // cursor. Then it moves `tail` there. A thread that finds that the computation of `tail` has
  // returned moves `tail` on, on behalf of the publisher, and looks again. (This is Michael and
  // Scott's queue without a head.)
  //
  // Claim: `tail` is never more than one cursor behind the last. Proof:
  //   1 A thread tries to publish only at a cursor that it has read from `tail`.
  //   2 `tail` moves past a cursor only after the computation of the cursor has returned. A
  //     computation returns only once. So publishing succeeds only at the cursor that is in `tail`
  //     at that moment.
  //   3 So whenever a cursor is appended, it comes directly after the one in `tail`.
  //
  // Bounded sequences. `oldest` is the cursor before the first value that is kept. A publisher
  // moves `oldest` on, value by value, as long as more values are kept than the bound. After each
  // move it cuts the link that `oldest` has passed: first it replaces the value by `lost`, and then
  // the next cursor by null. A reader reads the next cursor first, and then the value. So if the
  // reader finds the value, the next cursor was still there. If a publisher stops before the cut, a
  // value can still be read that ought to be lost, which does no harm.
  //
  // Ordering: `tail` is changed by volatile compare-and-sets. It is read with acquire, since a
  // stale one is only moved on. The computations publish the values.
  //
  // Rejected, where there is no bound: to clear the links of values that all readers have passed,
  // as queues do for the sake of the old generation. A cursor may stand anywhere, and the sequence
  // does not know where. For the same reason no weak reference helps: a cursor keeps values through
  // the links after it.
  //
  // Differences from the original: poisoning for a second time does nothing (there it throws the
  // first poison). The event of a cursor gives the value alone, as read() does (there it also gives
  // the position after it, which is next() here). A reader has an event, too.

  private static final VarHandle TAIL;
  private static final VarHandle OLDEST;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TAIL = lookup.findVarHandle(Broadcast.class, "tail", Cursor.class);
      OLDEST = lookup.findVarHandle(Broadcast.class, "oldest", Cursor.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through TAIL
  private volatile Cursor<T> tail = new Cursor<>();

  /** The cursor before the first value that is kept; {@code null} without a bound. */
  @SuppressWarnings("unused") // through OLDEST
  private volatile @Nullable Cursor<T> oldest;

  private final int bound;

  /** Stands for each value that is not kept any more. */
  private final Lost<T> lost = new Lost<>(this);

  /** Makes an empty sequence without a bound. */
  public Broadcast() {
    bound = Integer.MAX_VALUE;
  }

  private Broadcast(int bound) {
    this.bound = bound;
    oldest = tail;
  }

  /**
   * Makes an empty sequence that keeps the latest {@code bound} values and no others, whether or
   * not anyone follows it.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public static <T extends @Nullable Object> Broadcast<T> bounded(int bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound must be positive: " + bound);
    }
    return new Broadcast<>(bound);
  }

  /**
   * Appends {@code value} and wakes the fibers that wait for it. Not cancelable.
   *
   * @throws BroadcastClosedException if this is closed. Nothing is appended then
   * @throws ComputationException if this is poisoned with a checked exception, which is the cause;
   *     an unchecked one is thrown as it is. Nothing is appended then
   */
  public void publish(T value) {
    Cursor<T> next = new Cursor<>();
    Link<T> link = new Link<>(value, next);
    for (; ; ) {
      Cursor<T> last = last();
      next.index = last.index + 1;
      if (last.computation.tryReturn(link)) {
        advance(last, next);
        forget(next);
        return;
      }
      last.computation.check();
    }
  }

  /**
   * Ends this sequence with {@code reason}, which is thrown at its end by publishers and readers
   * after that. Fibers that wait there are woken. Not cancelable.
   *
   * @return {@code false} if this is poisoned or closed already, and nothing is changed
   */
  public boolean tryPoison(Throwable reason) {
    Objects.requireNonNull(reason, "reason");
    for (; ; ) {
      Cursor<T> last = last();
      if (last.computation.tryCancel(reason)) {
        return true;
      }
      if (last.computation.isCanceled()) {
        return false;
      }
    }
  }

  /** Cuts off the values that exceed the bound, counting up to {@code end}. */
  private void forget(Cursor<T> end) {
    for (Cursor<T> first = oldest();
        first != null && end.index - first.index > bound;
        first = oldest()) {
      if (first.computation.peek() instanceof Outcome.Returned<Link<T>>(Link<T> link)) {
        Cursor<T> next = link.next();
        Point.before(this, Point.Kind.UPDATE);
        if (next != null && OLDEST.compareAndSet(this, first, next)) {
          link.cut(lost);
        }
      }
    }
  }

  @SuppressWarnings("unchecked")
  private @Nullable Cursor<T> oldest() {
    Point.before(this, Point.Kind.READ);
    return (Cursor<T>) OLDEST.getVolatile(this);
  }

  /**
   * Ends this sequence: publishers and readers throw a {@link BroadcastClosedException} at its end
   * after that, and iterations end. Fibers that wait there are woken. Does nothing if this has
   * ended already. Not cancelable.
   */
  public void close() {
    boolean unused = tryPoison(new BroadcastClosedException());
  }

  /** As {@link #tryPoison}, for callers that need no answer: the first poison stays. */
  public void poison(Throwable reason) {
    tryPoison(reason);
  }

  /** Returns the present end of this sequence, where the next value will be. */
  public Cursor<T> tap() {
    return last();
  }

  private Cursor<T> last() {
    for (; ; ) {
      Point.before(this, Point.Kind.READ);
      @SuppressWarnings("unchecked")
      Cursor<T> last = (Cursor<T>) TAIL.getAcquire(this);
      if (!(last.computation.peek() instanceof Outcome.Returned<Link<T>> returned)) {
        return last;
      }
      Cursor<T> next = returned.value().next();
      if (next != null) { // else `last` is out of date
        advance(last, next);
      }
    }
  }

  private void advance(Cursor<T> from, Cursor<T> to) {
    Point.before(this, Point.Kind.UPDATE);
    TAIL.compareAndSet(this, from, to);
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    Throwable poison = tap().computation.cancelReason();
    return "Broadcast[" + (poison == null ? "open" : ended(poison)) + "]";
  }

  private static String ended(Throwable reason) {
    return reason instanceof BroadcastClosedException ? "closed" : "poisoned with " + reason;
  }

  /** Takes the place of a value that is not kept any more. */
  private record Lost<T extends @Nullable Object>(Broadcast<T> broadcast) {}

  /** A value that was there, and the position after it. */
  private record Kept<T extends @Nullable Object>(T value, Cursor<T> next) {}

  /** Leads from a position to the next: holds the value between them, or says that it is lost. */
  private static final class Link<T extends @Nullable Object> {
    private volatile @Nullable Object value;
    private volatile @Nullable Cursor<T> next;

    Link(@Nullable Object value, Cursor<T> next) {
      this.value = value;
      this.next = next;
    }

    @Nullable Cursor<T> next() {
      Point.before(this, Point.Kind.READ);
      return next;
    }

    void cut(Lost<T> lost) {
      Point.before(this, Point.Kind.WRITE);
      value = lost;
      Point.before(this, Point.Kind.WRITE);
      next = null;
    }

    /** The value and the next position, or {@code null} if the value is lost. */
    @SuppressWarnings({"unchecked", "NullAway"}) // a value is null only if its type allows that
    @Nullable Kept<T> kept() {
      Cursor<T> after = next();
      Point.before(this, Point.Kind.READ);
      Object here = value;
      return after == null || here instanceof Lost ? null : new Kept<>((T) here, after);
    }

    /** The oldest position that is kept; for a link that is cut. */
    @SuppressWarnings("unchecked") // a link is cut with what stands for values of its type
    Cursor<T> oldest() {
      Lost<T> lost = (Lost<T>) Objects.requireNonNull(value);
      return Objects.requireNonNull(lost.broadcast.oldest());
    }
  }

  /**
   * A position in the sequence: before a value, or at the end, where there is none yet. It is
   * immutable, and any fiber or thread may use it. It keeps all values that come after it, unless
   * the sequence is bounded. Then its value may get lost, and after that all of its operations
   * throw {@link IllegalStateException}.
   *
   * <p>Reading it is like reading an {@link Ivar}: it always gives the one value at its position.
   *
   * {@snippet :
   * for (Cursor<Event> at = events.tap(); ; at = at.next()) {
   *   handle(at.read());
   * }
   * }
   *
   * @param <T> the type of the values
   */
  public static final class Cursor<T extends @Nullable Object> {
    /** Returns the link from here on, or is canceled with the poison. */
    private final Computation<Link<T>> computation = new Computation<>();

    /** How many values are before it; written before it is published. */
    private long index;

    private Cursor() {}

    private static <T extends @Nullable Object> Kept<T> kept(Link<T> link) {
      Kept<T> kept = link.kept();
      if (kept == null) {
        throw new IllegalStateException(
            "lost: more values came after it than the broadcast keeps, which is bounded");
      }
      return kept;
    }

    /**
     * Waits until there is a value at this position, and returns it; or throws the poison, a
     * checked exception inside a {@link ComputationException}.
     *
     * <p>Cancelation: none if there is a value or poison. Else a fiber that is canceled before or
     * while it waits throws its own reason, and leaves nothing behind.
     */
    public T read() {
      return kept(computation.await()).value;
    }

    /**
     * As {@link #read()}, but waits no longer than {@code timeout}; not at all if that is zero.
     *
     * @throws TimeoutException if there is nothing here when the time is over; nothing is left of
     *     the wait. The poison and the fiber's reason are never thrown as this, since checked ones
     *     come inside a {@link ComputationException}
     * @throws IllegalArgumentException if {@code timeout} is negative
     */
    public T read(Duration timeout) throws TimeoutException {
      return kept(Deadline.await(computation, timeout)).value;
    }

    /**
     * Returns the event of {@link #read}: ready when there is a value at this position, or poison.
     * Once it has given the value, {@link #next} does not wait.
     */
    public Event<T> readEvent() {
      return Event.of(computation).map(link -> kept(link).value);
    }

    /**
     * Returns what is at this position, the value or the exception that is thrown instead, or
     * {@code null} while there is neither.
     */
    public @Nullable Outcome<T> peek() {
      return switch (computation.peek()) {
        case null -> null;
        case Outcome.Returned<Link<T>>(Link<T> link) -> {
          try {
            yield new Outcome.Returned<>(kept(link).value);
          } catch (IllegalStateException lost) {
            yield new Outcome.Canceled<>(lost);
          }
        }
        case Outcome.Canceled<Link<T>> poisoned -> new Outcome.Canceled<>(poisoned.reason());
      };
    }

    /**
     * Waits until there is a value at this position, as {@link #read()} does, and returns the
     * position after it, always the same one.
     */
    public Cursor<T> next() {
      return kept(computation.await()).next;
    }

    /** Makes a reader that starts here. */
    public Reader<T> reader() {
      return new Reader<>(this);
    }

    /** Shows what is here, for people. */
    @Override
    public String toString() {
      return "Cursor["
          + switch (peek()) {
            case null -> "at the end";
            case Outcome.Returned<T> there -> "before " + there.value();
            case Outcome.Canceled<T> canceled ->
                computation.isCanceled() ? ended(canceled.reason()) : "lost";
          }
          + "]";
    }
  }

  /**
   * Reads one value after the other. A reader belongs to one fiber at a time. It keeps the values
   * that it has not read yet, except in a {@linkplain Broadcast#bounded bounded} sequence: there,
   * when the next one is lost, the reader goes on with the oldest that is kept.
   *
   * @param <T> the type of the values
   */
  public static final class Reader<T extends @Nullable Object> implements Iterable<T> {
    private Cursor<T> cursor;
    private long missed;

    private Reader(Cursor<T> cursor) {
      this.cursor = cursor;
    }

    /**
     * Waits for the next value, returns it and moves on. At the end this throws the poison or
     * {@link BroadcastClosedException}, every time.
     *
     * <p>Cancelation: as {@link Cursor#read()}. This reader is where it was then.
     */
    public T read() {
      return pass(cursor.computation.await());
    }

    /**
     * As {@link #read()}, but waits no longer than {@code timeout}; not at all if that is zero.
     *
     * @throws TimeoutException as {@link Cursor#read(Duration)}; this reader is where it was then
     * @throws IllegalArgumentException if {@code timeout} is negative
     */
    public T read(Duration timeout) throws TimeoutException {
      return pass(Deadline.await(cursor.computation, timeout));
    }

    /**
     * Returns the event of {@link #read}: ready when there is a value to be read next, or poison.
     * Each synchronization starts from where this reader is when it begins. If the event is chosen,
     * this reader moves on, before the functions run that are wrapped around the event. If it is
     * not, the value is there to be read next time.
     *
     * {@snippet :
     * Event<Runnable> next =
     *     Event.choose(
     *         prices.readEvent().map(price -> () -> quote(price)),
     *         orders.receiveEvent().map(order -> () -> fill(order)));
     * for (; ; ) {
     *   next.sync().run();
     * }
     * }
     *
     * <p>The event belongs to the same fiber as this reader. While the fiber synchronizes, it must
     * use neither for anything else. The event may occur several times in a choice; one value is
     * read then.
     */
    public Event<T> readEvent() {
      return Event.guard(() -> Event.of(cursor.computation).map(this::pass));
    }

    /** Returns where this reader is: before the value that it reads next. */
    public Cursor<T> cursor() {
      return cursor;
    }

    /**
     * Returns how many values this reader has passed without reading them, because they were lost
     * by then. Always 0 in a sequence without a bound.
     */
    public long missed() {
      return missed;
    }

    /**
     * Returns an iterator that reads with this reader: {@code hasNext} waits for the next value,
     * and is {@code false} at the end of a sequence that was closed; at the end of one that was
     * poisoned it throws the poison.
     *
     * <p>Cancelation: {@code hasNext} as {@link #read()}.
     */
    @Override
    public Iterator<T> iterator() {
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          cursor.computation.join();
          if (cursor.computation.cancelReason() instanceof BroadcastClosedException) {
            return false;
          }
          cursor.computation.check();
          return true;
        }

        @Override
        public T next() {
          if (!hasNext()) {
            throw new NoSuchElementException("closed");
          }
          return read();
        }
      };
    }

    private T pass(Link<T> link) {
      Kept<T> kept = link.kept();
      while (kept == null) {
        Cursor<T> oldest = link.oldest();
        missed += oldest.index - cursor.index;
        cursor = oldest;
        link = oldest.computation.await(); // which does not wait: the bound is positive
        kept = link.kept();
      }
      cursor = kept.next;
      return kept.value;
    }

    /** Shows what comes next, for people. */
    @Override
    public String toString() {
      return "Reader[" + cursor + "]";
    }
  }
}
