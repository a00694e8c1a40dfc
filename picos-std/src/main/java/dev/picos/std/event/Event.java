package dev.picos.std.event;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Something that a fiber may wait for, as a value: it can be combined with others and passed along,
 * and only {@link #sync} waits for it. In the manner of Concurrent ML.
 *
 * {@snippet :
 * Event<Reply> reply =
 *     Event.choose(
 *         answers.receiveEvent().map(Reply::of),
 *         config.readEvent().map(Reply::cached),
 *         Event.timeout(Duration.ofSeconds(1)).map(nothing -> Reply.LATE));
 * Reply first = reply.sync(); // exactly one of the three happens
 * }
 *
 * <p>An event is immutable, may be shared between fibers, and may be synchronized on any number of
 * times; each time begins anew.
 *
 * <p><b>A synchronization</b> goes like this. First the functions of {@link #guard} and {@link
 * #withNack} run, in the order in which the alternatives are written, whichever is chosen later.
 * Then it is seen whether an alternative is ready, and if so the fiber commits to it at once,
 * without waiting and without the others having been offered to anyone. Else all of them are
 * offered, and the fiber waits until somebody commits to one. Then the others are taken back, the
 * nacks become available, and the functions that were {@linkplain #wrap wrapped} around the chosen
 * one run, inner first. All of these functions run in the synchronizing fiber, and may do what they
 * like, waiting included.
 *
 * <p><b>Fair.</b> When several alternatives are ready, the search for one begins at any of them, by
 * chance, so that none can starve the others, whether one fiber synchronizes often or many do so
 * once. The chance is that of {@link Fiber#random}: a schedule that is replayed makes the same
 * choices. Who needs an order of preference polls what comes first before synchronizing on all.
 *
 * <p><b>Exceptions</b>, checked ones inside a {@link ComputationException}. One that comes from a
 * function of {@code guard} or {@code withNack} is thrown by {@code sync}, and nothing was
 * committed to or offered by then. One that comes from a wrapped function is thrown too, and the
 * commit remains.
 *
 * <p><b>Cancelation.</b> {@code sync} is a cancelation point only if it has to wait. A commit that
 * meets a cancelation wins: what was received is not lost, and the cancelation is found at the next
 * point.
 *
 * <p>Progress: everything but the waiting, and what others' functions do, is lock-free; the meeting
 * of two fibers that both have other alternatives is obstruction-free and backs off. Space: a
 * synchronization holds what its alternatives need while it waits, and leaves nothing behind.
 *
 * @param <T> what a synchronization gives
 */
public abstract sealed class Event<T extends @Nullable Object> {
  // For maintainers.
  //
  // An event is a tree; its kinds are the nested classes below. Sync goes through it. No recursion:
  // an event may be wrapped a hundred thousand times.
  //
  // Differences from the original: alternatives are polled before they are offered, so that timers
  // are not set and queues not entered in vain, and guards run before that, so that an exception of
  // one cannot make a commit undone (there everything happens in one pass over the list). The pass
  // begins at a different place each time. What takes an offer back is run by the synchronizing
  // fiber, which is cheaper than a trigger for each on the target. withNack is new.

  private static final Exception ELAPSED =
      new Exception("the time of a timeout event has passed", null, false, false) {
        private static final long serialVersionUID = 1L;
      };

  private Event() {}

  /**
   * A function whose exceptions, also checked ones, come out of {@link Event#sync}.
   *
   * @param <T> what it takes
   * @param <U> what it gives
   */
  @FunctionalInterface
  public interface Mapper<T extends @Nullable Object, U extends @Nullable Object> {
    /** Applies the function. */
    U map(T value) throws Exception;
  }

  /** Returns an event that is always ready and gives {@code value}. */
  public static <T extends @Nullable Object> Event<T> always(T value) {
    return new Leaf<>(new Always<>(new Outcome.Returned<>(value)));
  }

  /** Returns an event that is never ready. */
  public static <T extends @Nullable Object> Event<T> never() {
    return new Choice<>(List.of());
  }

  /** Returns an event that gives what one of {@code events} gives; of none, one never ready. */
  @SafeVarargs
  @SuppressWarnings("varargs") // only read
  public static <T extends @Nullable Object> Event<T> choose(Event<? extends T>... events) {
    return choose(Arrays.asList(events));
  }

  /** Returns an event that gives what one of {@code events} gives; of none, one never ready. */
  public static <T extends @Nullable Object> Event<T> choose(
      List<? extends Event<? extends T>> events) {
    return new Choice<>(List.copyOf(events));
  }

  /** Synchronizes on the choice between {@code events}: as {@code choose(events).sync()}. */
  @SafeVarargs
  @SuppressWarnings("varargs") // only read
  public static <T extends @Nullable Object> T select(Event<? extends T>... events) {
    return Event.<T>choose(events).sync();
  }

  /** Synchronizes on the choice between {@code events}: as {@code choose(events).sync()}. */
  public static <T extends @Nullable Object> T select(List<? extends Event<? extends T>> events) {
    return Event.<T>choose(events).sync();
  }

  /**
   * Returns an event that is what {@code body} returns, which runs anew in each synchronization,
   * before anything is offered.
   */
  public static <T extends @Nullable Object> Event<T> guard(Body<? extends Event<T>, ?> body) {
    return new Guard<>(Objects.requireNonNull(body, "body"));
  }

  /**
   * Returns an event that is what {@code body} returns, which runs anew in each synchronization,
   * before anything is offered, and is given an event that tells when its own was not chosen: that
   * nack becomes available when the synchronization has committed to another alternative, has been
   * canceled, has thrown before it committed, or was a {@link #poll} that found nothing. It stays
   * so. When the event was chosen it never does.
   *
   * <p>So a client can have a server that began to work on its request stop:
   *
   * {@snippet :
   * Event<Page> page = Event.withNack(nack -> {
   *   Ivar<Page> result = new Ivar<>();
   *   server.requests().send(new Request(url, result, nack));
   *   return result.readEvent();
   * });
   * }
   */
  public static <T extends @Nullable Object> Event<T> withNack(
      Mapper<? super Event<@Nullable Void>, ? extends Event<T>> body) {
    return new WithNack<>(Objects.requireNonNull(body, "body"));
  }

  /**
   * Returns an event that is ready when {@code computation} is completed, and gives what it
   * returned, or makes {@code sync} throw the reason that it was canceled with. To lose, or to be
   * canceled while waiting, only detaches; the computation goes on.
   */
  public static <T extends @Nullable Object> Event<T> of(Computation<T> computation) {
    return new Leaf<>(new Completion<>(Objects.requireNonNull(computation, "computation")));
  }

  /**
   * Returns an event that is ready once {@code duration} has passed since the synchronization began
   * to wait, by a monotonic clock. Measured anew each time; removed when another alternative is
   * chosen. With zero it is always ready.
   *
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public static Event<@Nullable Void> timeout(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("duration must not be negative: " + duration);
    }
    return new Leaf<>(new Timeout(duration));
  }

  /** Makes an event of one's own. For authors of libraries. */
  public static <T extends @Nullable Object> Event<T> fromRequest(Request<T> request) {
    return new Leaf<>(Objects.requireNonNull(request, "request"));
  }

  /**
   * Returns an event that gives what {@code mapper} makes of what this one gives. The mapper runs
   * after the commit, in the synchronizing fiber, and only if this event was chosen; it may wait
   * and throw, and is where to act on what happened.
   */
  public <U extends @Nullable Object> Event<U> wrap(Mapper<? super T, ? extends U> mapper) {
    return new Wrap<>(this, Objects.requireNonNull(mapper, "mapper"));
  }

  /** As {@link #wrap}, for a {@link Function}: the name that Java has for it. */
  public <U extends @Nullable Object> Event<U> map(Function<? super T, ? extends U> function) {
    Objects.requireNonNull(function, "function");
    return new Wrap<T, U>(this, function::apply);
  }

  /**
   * Waits until this event is ready, commits to it, and returns what it gives.
   *
   * <p>Cancelation: none if an alternative is ready. Else a fiber that is canceled before or while
   * it waits throws the reason, and has committed to nothing; but if somebody has committed to an
   * alternative by then, that is what it returns.
   *
   * @throws ComputationException with a checked exception of a function of the event, or of what it
   *     waits for, as the cause; unchecked ones are thrown as they are
   */
  public T sync() {
    return new Sync<T>().sync(this);
  }

  /**
   * Commits to this event if it is ready now; never waits for it. If it is not, nothing of the
   * attempt is left, and its nacks become available.
   *
   * <p>Not cancelable. Throws as {@link #sync}.
   *
   * @return what the event gives, or {@code null} if it is not ready
   */
  public Outcome.@Nullable Returned<T> poll() {
    return new Sync<T>().poll(this);
  }

  /** What is offered or polled. */
  static final class Leaf<T extends @Nullable Object> extends Event<T> {
    final Request<T> request;

    Leaf(Request<T> request) {
      this.request = request;
    }
  }

  /** One of several. */
  static final class Choice<T extends @Nullable Object> extends Event<T> {
    final List<? extends Event<? extends T>> events;

    Choice(List<? extends Event<? extends T>> events) {
      this.events = events;
    }
  }

  /** One with a function around it. */
  static final class Wrap<T extends @Nullable Object, U extends @Nullable Object> extends Event<U> {
    final Event<T> event;
    final Mapper<? super T, ? extends U> mapper;

    Wrap(Event<T> event, Mapper<? super T, ? extends U> mapper) {
      this.event = event;
      this.mapper = mapper;
    }
  }

  /** One that is made when it is needed. */
  static final class Guard<T extends @Nullable Object> extends Event<T> {
    final Body<? extends Event<T>, ?> body;

    Guard(Body<? extends Event<T>, ?> body) {
      this.body = body;
    }
  }

  /** One that is made when it is needed, and told when it was not. */
  static final class WithNack<T extends @Nullable Object> extends Event<T> {
    final Mapper<? super Event<@Nullable Void>, ? extends Event<T>> body;

    WithNack(Mapper<? super Event<@Nullable Void>, ? extends Event<T>> body) {
      this.body = body;
    }
  }

  private record Always<T extends @Nullable Object>(Outcome.Returned<T> outcome)
      implements Request.Pollable<T> {
    @Override
    public Outcome<T> poll() {
      return outcome;
    }

    @Override
    public @Nullable Runnable issue(Offer<T> offer) {
      boolean unused = offer.tryCommit(outcome);
      return null;
    }
  }

  private record Completion<T extends @Nullable Object>(Computation<T> computation)
      implements Request.Pollable<T> {
    @Override
    public @Nullable Outcome<T> poll() {
      return computation.peek();
    }

    @Override
    public @Nullable Runnable issue(Offer<T> offer) {
      Trigger trigger =
          Trigger.<Completion<T>, Offer<T>>fromAction(
              this, offer, (signaled, completion, to) -> completion.commit(to));
      if (!computation.tryAttach(trigger)) {
        commit(offer);
        return null;
      }
      return () -> computation.detach(trigger);
    }

    /** Does nothing when the trigger was signaled to detach it. */
    private void commit(Offer<T> offer) {
      Outcome<T> outcome = computation.peek();
      if (outcome != null) {
        boolean unused = offer.tryCommit(outcome);
      }
    }
  }

  private record Timeout(Duration duration) implements Request.Pollable<@Nullable Void> {
    @Override
    public @Nullable Outcome<@Nullable Void> poll() {
      return duration.isZero() ? new Outcome.Returned<@Nullable Void>(null) : null;
    }

    @Override
    public Runnable issue(Offer<@Nullable Void> offer) {
      Computation<@Nullable Void> alarm = new Computation<>(Computation.Mode.LIFO);
      boolean attached =
          alarm.tryAttach(
              Trigger.<Offer<@Nullable Void>, @Nullable Void>fromAction(
                  offer, null, (trigger, to, nothing) -> to.tryCommit((Void) null)));
      assert attached : "a computation that nobody else knows was completed";
      alarm.cancelAfter(duration, ELAPSED);
      return () -> alarm.tryReturn(null);
    }
  }
}
