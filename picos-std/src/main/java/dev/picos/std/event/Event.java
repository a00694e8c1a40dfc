package dev.picos.std.event;

import dev.picos.core.Body;
import dev.picos.core.BodyWith;
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
 * Something that a fiber may wait for, as a value, in the manner of Concurrent ML: it can be
 * combined with others and passed along, and only {@link #sync} waits for it.
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
 * <p>An event is immutable, and fibers may share it. They may synchronize on it any number of
 * times; each synchronization begins anew.
 *
 * <p><b>A synchronization</b> takes these steps. First the functions of {@link #guard} and {@link
 * #withNack} run, in the order in which the alternatives are written, whichever is chosen later.
 * Then the fiber looks whether an alternative is ready. If so, it commits to that one at once,
 * without waiting and without having offered the others. Otherwise it offers all of them, and waits
 * until another fiber or thread commits to one. Then the other offers are withdrawn, the nacks
 * become available, and the functions run that are {@linkplain #wrap wrapped} around the chosen
 * alternative, inner ones first. All of these functions run in the synchronizing fiber, and may do
 * anything, even wait.
 *
 * <p><b>Fair.</b> When several alternatives are ready, the search for one begins at an alternative
 * that is chosen at random, so that none can starve the others, whether one fiber synchronizes
 * often or many fibers do so once. The random numbers are those of {@link Fiber#random}: a schedule
 * that is replayed makes the same choices. For an order of preference, use {@link #prefer}.
 *
 * <p><b>Exceptions.</b> If a function of {@code guard} or {@code withNack} throws, {@code sync}
 * throws the same, and nothing has been committed to or offered by then. If a wrapped function
 * throws, {@code sync} throws the same, too, unless the exception is {@linkplain #handle handled},
 * and the commit remains. Checked exceptions are thrown inside a {@link ComputationException}.
 *
 * <p><b>Cancelation.</b> {@code sync} is a cancelation point only if it has to wait. If a commit
 * and a cancelation come at the same time, the commit wins: what was received is not lost, and the
 * next cancelation point throws the reason.
 *
 * <p>Progress: everything but the waiting, and what functions of the user do, is lock-free, except
 * that a meeting of two fibers that both have other alternatives is obstruction-free, with
 * back-off. Space: a synchronization holds what its alternatives need while it waits, and leaves
 * nothing behind.
 *
 * @param <T> what a synchronization gives
 */
public abstract sealed class Event<T extends @Nullable Object> {
  // For maintainers.
  //
  // An event is a tree, whose kinds of nodes are the nested classes below. Sync walks the tree
  // without recursion, since an event may be wrapped a hundred thousand times.
  //
  // Differences from the original: alternatives are polled before they are offered, so that timers
  // are not set and queues are not entered in vain. Guards run before that, so that an exception of
  // a guard cannot undo a commit (there everything happens in one pass over the list). The pass
  // begins at a different place each time. The synchronizing fiber withdraws offers itself, which
  // is cheaper than a trigger on the target for each of them. withNack, prefer and handle are new.

  private static final Exception ELAPSED =
      new Exception("the time of a timeout event has passed", null, false, false) {
        private static final long serialVersionUID = 1L;
      };

  private Event() {}

  /** Returns an event that is always ready and gives {@code value}. */
  public static <T extends @Nullable Object> Event<T> always(T value) {
    return new Leaf<>(new Always<>(new Outcome.Returned<>(value)));
  }

  /** Returns an event that is never ready. */
  public static <T extends @Nullable Object> Event<T> never() {
    return new Choice<>(List.of(), false);
  }

  /** Returns an event that gives what one of {@code events} gives; with none, never ready. */
  @SafeVarargs
  @SuppressWarnings("varargs") // only read
  public static <T extends @Nullable Object> Event<T> choose(Event<? extends T>... events) {
    return choose(Arrays.asList(events));
  }

  /** Returns an event that gives what one of {@code events} gives; with none, never ready. */
  public static <T extends @Nullable Object> Event<T> choose(
      List<? extends Event<? extends T>> events) {
    return new Choice<>(List.copyOf(events), false);
  }

  /**
   * As {@link #choose(Event[])}, with an order of preference: of several alternatives that are
   * ready, the first one is taken. An alternative that is a choice counts as ready when one of its
   * own alternatives is; and within another choice, this event counts as one alternative.
   *
   * <p>The order applies to alternatives that are ready when a synchronization looks. When none is,
   * the one that becomes ready first is taken. An event that was made {@linkplain #fromRequest from
   * a request} that cannot be polled is tried only after all the others have been polled.
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // only read
  public static <T extends @Nullable Object> Event<T> prefer(Event<? extends T>... events) {
    return prefer(Arrays.asList(events));
  }

  /** As {@link #prefer(Event[])}. */
  public static <T extends @Nullable Object> Event<T> prefer(
      List<? extends Event<? extends T>> events) {
    return new Choice<>(List.copyOf(events), true);
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
   * Commits to one of {@code events} that is ready now, and returns what it gives; or returns
   * {@code otherwise} if none is. Never waits: as {@code choose(events).poll()}.
   *
   * <p>Not cancelable. Throws as {@link #sync}.
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // only read
  public static <T extends @Nullable Object> T selectOrElse(
      T otherwise, Event<? extends T>... events) {
    return selectOrElse(otherwise, Arrays.asList(events));
  }

  /** As {@link #selectOrElse(Object, Event[])}. */
  public static <T extends @Nullable Object> T selectOrElse(
      T otherwise, List<? extends Event<? extends T>> events) {
    Outcome.Returned<T> ready = Event.<T>choose(events).poll();
    return ready == null ? otherwise : ready.value();
  }

  /**
   * Returns an event that stands for the event that {@code body} returns. The body runs anew in
   * each synchronization, before anything is offered.
   */
  public static <T extends @Nullable Object> Event<T> guard(Body<? extends Event<T>, ?> body) {
    return new Guard<>(Objects.requireNonNull(body, "body"));
  }

  /**
   * As {@link #guard}, but {@code body} is given a <i>nack</i>, an event that tells when the event
   * that it returned was not chosen. The nack becomes available, and stays so, when the
   * synchronization has committed to another alternative, has been canceled, has thrown before it
   * committed, or was a {@link #poll} that found nothing. If the event was chosen, the nack never
   * becomes available.
   *
   * <p>With it, a client can tell a server to stop work on its request:
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
      BodyWith<? super Event<@Nullable Void>, ? extends Event<T>, ?> body) {
    return new WithNack<>(Objects.requireNonNull(body, "body"));
  }

  /**
   * Returns an event that is ready when {@code computation} is completed, and gives what it
   * returned, or makes {@code sync} throw the reason that it was canceled with. A synchronization
   * that chooses another alternative, or is canceled, does not affect the computation.
   */
  public static <T extends @Nullable Object> Event<T> of(Computation<T> computation) {
    return new Leaf<>(new Completion<>(Objects.requireNonNull(computation, "computation")));
  }

  /**
   * Returns an event that is ready once {@code duration} has passed since the synchronization began
   * to wait, by a monotonic clock. The time is measured anew in each synchronization, and the
   * timeout is removed when another alternative is chosen. With zero the event is always ready.
   *
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public static Event<@Nullable Void> timeout(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("duration must not be negative: " + duration);
    }
    return new Leaf<>(new Timeout(duration));
  }

  /** Makes an event of the author's own kind. For authors of libraries. */
  public static <T extends @Nullable Object> Event<T> fromRequest(Request<T> request) {
    return new Leaf<>(Objects.requireNonNull(request, "request"));
  }

  /**
   * Returns an event that gives what {@code mapper} makes of what this one gives. The mapper runs
   * after the commit, in the synchronizing fiber, and only if this event was chosen. It may wait
   * and throw, and is the place to act on what has happened.
   */
  public <U extends @Nullable Object> Event<U> wrap(BodyWith<? super T, ? extends U, ?> mapper) {
    return new Wrap<>(this, Objects.requireNonNull(mapper, "mapper"));
  }

  /** As {@link #wrap}, for a {@link Function}, under the name that is usual in Java. */
  public <U extends @Nullable Object> Event<U> map(Function<? super T, ? extends U> function) {
    Objects.requireNonNull(function, "function");
    return new Wrap<T, U>(this, function::apply);
  }

  /**
   * Returns an event that, where this one would throw, gives what {@code handler} makes of the
   * exception. The handler runs after the commit, in the synchronizing fiber, and may wait and
   * throw; to leave an exception unhandled, it throws the same one.
   *
   * {@snippet :
   * Event<Reply> reply =
   *     answers
   *         .receiveEvent()
   *         .map(Reply::of)
   *         .handle(failure -> Reply.failed(failure)); // also when the channel is closed
   * }
   *
   * <p>It is given the exception that the chosen event comes with, because a channel is closed or a
   * computation was canceled, or that a function wrapped around this event, or an inner handler,
   * has thrown; checked exceptions as they are. It is not given:
   *
   * <ul>
   *   <li>what the functions of {@link #guard} and {@link #withNack} throw: nothing was chosen
   *       then;
   *   <li>the reason that the synchronizing fiber is canceled with, whether it waits for this event
   *       or is in a function that is wrapped around it;
   *   <li>{@link Error}s.
   * </ul>
   */
  public Event<T> handle(BodyWith<? super Exception, ? extends T, ?> handler) {
    return new Handle<>(this, Objects.requireNonNull(handler, "handler"));
  }

  /**
   * Waits until this event is ready, commits to it, and returns what it gives.
   *
   * <p>Cancelation: none if an alternative is ready. Else a fiber that is canceled before or while
   * it waits throws the reason, and has committed to nothing; but if an alternative has been
   * committed to by then, this returns what that gives.
   *
   * @throws ComputationException if a function of the event, or what it waits for, throws a checked
   *     exception, which is the cause; unchecked ones are thrown as they are
   */
  public T sync() {
    return new Sync<T>().sync(this);
  }

  /**
   * Commits to this event if it is ready now; never waits for it. If it is not, the attempt leaves
   * nothing behind, and its nacks become available.
   *
   * <p>Not cancelable. Throws as {@link #sync}.
   *
   * @return what the event gives, or {@code null} if it is not ready
   */
  public Outcome.@Nullable Returned<T> poll() {
    return new Sync<T>().poll(this);
  }

  /** An event that is offered or polled. */
  static final class Leaf<T extends @Nullable Object> extends Event<T> {
    final Request<T> request;

    Leaf(Request<T> request) {
      this.request = request;
    }
  }

  /** A choice of one of several events. */
  static final class Choice<T extends @Nullable Object> extends Event<T> {
    final List<? extends Event<? extends T>> events;

    /** Whether the first event that is ready is to be taken. */
    final boolean inOrder;

    Choice(List<? extends Event<? extends T>> events, boolean inOrder) {
      this.events = events;
      this.inOrder = inOrder;
    }
  }

  /** An event with a function around it. */
  static final class Wrap<T extends @Nullable Object, U extends @Nullable Object> extends Event<U> {
    final Event<T> event;
    final BodyWith<? super T, ? extends U, ?> mapper;

    Wrap(Event<T> event, BodyWith<? super T, ? extends U, ?> mapper) {
      this.event = event;
      this.mapper = mapper;
    }
  }

  /** An event with a handler around it. */
  static final class Handle<T extends @Nullable Object> extends Event<T> {
    final Event<T> event;
    final BodyWith<? super Exception, ? extends T, ?> handler;

    Handle(Event<T> event, BodyWith<? super Exception, ? extends T, ?> handler) {
      this.event = event;
      this.handler = handler;
    }
  }

  /** An event that is made when it is needed. */
  static final class Guard<T extends @Nullable Object> extends Event<T> {
    final Body<? extends Event<T>, ?> body;

    Guard(Body<? extends Event<T>, ?> body) {
      this.body = body;
    }
  }

  /** An event that is made when it is needed, and is told when it was not chosen. */
  static final class WithNack<T extends @Nullable Object> extends Event<T> {
    final BodyWith<? super Event<@Nullable Void>, ? extends Event<T>, ?> body;

    WithNack(BodyWith<? super Event<@Nullable Void>, ? extends Event<T>, ?> body) {
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

    /** Does nothing if the trigger was signaled by detaching it. */
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
