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
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A sequence of values that anyone adds to and anyone follows: each reader gets every value that
 * comes after it has {@linkplain #tap tapped} the sequence, in the same order.
 *
 * {@snippet :
 * Broadcast<Event> events = new Broadcast<>();
 * Broadcast.Reader<Event> reader = events.tap().reader();
 * // somewhere
 * events.publish(event);
 * // somewhere else
 * for (; ; ) {
 *   handle(reader.read());
 * }
 * }
 *
 * <p>Reading takes nothing away: a {@link Cursor} is a position in the sequence, and what it reads
 * is the same for everybody and at any time. A {@link Reader} is a cursor that moves on.
 *
 * <p>A sequence may be ended with {@linkplain #poison poison}. Values published before stay there
 * to be read; whoever comes to the end throws the poison, that very object.
 *
 * <p>Publishing never waits, so there is no bound on how far readers fall behind. A value is kept
 * as long as a cursor stands before it. With none, it is garbage at once.
 *
 * <p>What a fiber does before it publishes a value or poisons happens before what another does
 * after it has read that.
 *
 * <p>Progress: everything but waiting for a value is lock-free. Space: one reference, and some 70
 * bytes for each value that is kept.
 *
 * <p>The values form a linked list, which generational collectors have a weakness for. A value that
 * grew old, because it was the last one for long or long waited to be read, keeps those after it
 * alive for as long as the old generation as a whole has not been collected, although no cursor
 * stands before them; and so they grow old in turn. Nothing is kept for good, but a program that
 * publishes millions of values in a second sees its heap grow to the limit again and again, and its
 * young collections take as long as it takes to copy everything published since the one before. The
 * chain ends where a new sequence takes the place of one that is poisoned.
 *
 * @param <T> the type of the values
 */
public final class Broadcast<T extends @Nullable Object> {
  // For maintainers.
  //
  // A singly linked list of computations. Each cursor holds one, which returns the value at its
  // position and the next cursor, or is canceled with the poison. The last cursor is the one whose
  // computation is running, or canceled; `tail` is that or the one before it.
  //
  // To publish is to return from the computation of the last cursor, which appends a new one, and
  // then to move `tail` there. Whoever finds that the computation of `tail` has returned moves
  // `tail` on in the place of whom it was to be done by, and looks again. (Michael and Scott's
  // queue without a head.) So `tail` is never more than one behind: nobody publishes at a cursor
  // that is not in `tail`, as the computations of those before it have returned.
  //
  // Ordering: `tail` is changed by volatile compare-and-sets, and read with acquire, as a stale one
  // is only moved on. Values are published by the computations.
  //
  // Rejected: clearing the links of what lies behind, as queues do for the sake of the old
  // generation. A cursor may stand anywhere, and nobody knows of it. For the same reason no weak
  // reference helps: what a cursor keeps, it keeps through the links of what it stands before.
  //
  // Differences from the original: poisoning twice does nothing the second time (there it throws
  // the first poison). The event of a cursor gives the value alone, as read does (there with the
  // position after it, which is next() here); a reader has an event, too.

  private static final VarHandle TAIL;

  static {
    try {
      TAIL = MethodHandles.lookup().findVarHandle(Broadcast.class, "tail", Cursor.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through TAIL
  private volatile Cursor<T> tail = new Cursor<>();

  /** Makes an empty sequence. */
  public Broadcast() {}

  /**
   * Appends {@code value} and wakes those who wait for it. Not cancelable.
   *
   * @throws ComputationException if this is poisoned with a checked exception, which is its cause;
   *     an unchecked one is thrown as it is. Nothing is appended then
   */
  public void publish(T value) {
    Link<T> link = new Link<>(value, new Cursor<>());
    for (; ; ) {
      Cursor<T> last = last();
      if (last.computation.tryReturn(link)) {
        advance(last, link.next);
        return;
      }
      last.computation.check();
    }
  }

  /**
   * Ends this sequence: whoever comes to its end throws {@code reason} from now on. Those who wait
   * there are woken. Not cancelable.
   *
   * @return {@code false} if this is poisoned already, and nothing is changed
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

  /** As {@link #tryPoison}, for those who need no answer: the first poison stays. */
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
      advance(last, returned.value().next);
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
    return "Broadcast[" + (poison == null ? "open" : "poisoned with " + poison) + "]";
  }

  /** A value, and the position after it. */
  record Link<T extends @Nullable Object>(T value, Cursor<T> next) {}

  /**
   * A position in the sequence: before a value, or at the end, where there is none yet. Immutable,
   * and free to be used by any fibers and threads. It keeps all values that come after it.
   *
   * <p>It reads like an {@link Ivar}: always the one value at its position.
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
    final Computation<Link<T>> computation = new Computation<>();

    private Cursor() {}

    /**
     * Waits until there is a value at this position, and returns it; or throws the poison, a
     * checked exception inside a {@link ComputationException}.
     *
     * <p>Cancelation: none if there is a value or poison. Else a fiber that is canceled before or
     * while it waits throws its own reason; nothing of it is left here.
     */
    public T read() {
      return computation.await().value;
    }

    /**
     * As {@link #read()}, but waits no longer than {@code timeout}; not at all if that is zero.
     *
     * @throws TimeoutException if there is nothing here when the time is over; nothing is left of
     *     the wait. It is never the poison or the fiber's reason, as a checked one of these comes
     *     inside a {@link ComputationException}
     * @throws IllegalArgumentException if {@code timeout} is negative
     */
    public T read(Duration timeout) throws TimeoutException {
      return Deadline.await(computation, timeout).value;
    }

    /**
     * Returns the event of {@link #read}: ready when there is a value at this position, or poison.
     * Once it has given the value, {@link #next} does not wait.
     */
    public Event<T> readEvent() {
      return Event.of(computation).map(Link::value);
    }

    /** Returns what is at this position, value or poison, or {@code null} while nothing is. */
    public @Nullable Outcome<T> peek() {
      return switch (computation.peek()) {
        case null -> null;
        case Outcome.Returned<Link<T>> returned -> new Outcome.Returned<>(returned.value().value);
        case Outcome.Canceled<Link<T>> poisoned -> new Outcome.Canceled<>(poisoned.reason());
      };
    }

    /**
     * Waits until there is a value at this position, as {@link #read()} does, and returns the
     * position after it, always the same one.
     */
    public Cursor<T> next() {
      return computation.await().next;
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
            case Outcome.Canceled<T> poisoned -> "poisoned with " + poisoned.reason();
          }
          + "]";
    }
  }

  /**
   * Reads one value after the other. Belongs to one fiber at a time. It keeps the values that it
   * has not read yet.
   *
   * @param <T> the type of the values
   */
  public static final class Reader<T extends @Nullable Object> {
    private Cursor<T> cursor;

    private Reader(Cursor<T> cursor) {
      this.cursor = cursor;
    }

    /**
     * Waits for the next value, returns it and moves on; or throws the poison, now and ever after.
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
     * Each synchronization looks where this reader is when it begins. Exactly if the event is
     * chosen, this reader moves on, before what is wrapped around the event runs; if it is not, the
     * value is there to be read next time.
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
     * <p>The event belongs to the fiber to which this reader does, which uses neither for anything
     * else while it synchronizes. It may occur several times in a choice; one value is read.
     */
    public Event<T> readEvent() {
      return Event.guard(() -> Event.of(cursor.computation).map(this::pass));
    }

    /** Returns where this reader is: before the value that it reads next. */
    public Cursor<T> cursor() {
      return cursor;
    }

    private T pass(Link<T> link) {
      cursor = link.next;
      return link.value;
    }

    /** Shows what comes next, for people. */
    @Override
    public String toString() {
      return "Reader[" + cursor + "]";
    }
  }
}
