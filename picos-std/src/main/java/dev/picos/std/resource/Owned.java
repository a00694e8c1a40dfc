package dev.picos.std.resource;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Point;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A resource that has one owner at a time, and that another fiber can take over, with no moment in
 * between where nobody would release it.
 *
 * <p>A server accepts connections in one fiber and serves each of them in a fiber of its own:
 *
 * {@snippet :
 * Flock.joinAfter(() -> {
 *   for (; ; ) {
 *     Owned.instantiate(
 *         () -> Control.interruptible(listener::accept),
 *         SocketChannel::close,
 *         client -> {
 *           Flock.fork(() -> client.move(this::serve));
 *         });
 *   }
 * });
 * }
 *
 * <p>Whatever happens, each socket is closed once. If the fork is refused, since the server is
 * canceled just now, the accepting fiber closes it. When the fork is done, {@link #instantiate}
 * waits until the new fiber has moved the socket; if the server is canceled before that, the
 * accepting fiber closes it, and the new fiber throws the reason of the cancelation in place of
 * serving a closed socket. Once moved, it is closed at the end of {@code serve}.
 *
 * <p>The resource is in one of four states:
 *
 * <ul>
 *   <li>here: it may be {@linkplain #borrow borrowed}, {@linkplain #move moved}, {@linkplain
 *       #transfer transferred} and {@linkplain #drop dropped};
 *   <li>borrowed: a body works with it and has not given it back;
 *   <li>transferred: it has another owner, and will never be here again;
 *   <li>dropped: it is released, or will be by whoever has borrowed it.
 * </ul>
 *
 * <p>Any fiber or thread that has the object may use it. To want the resource when it is not here
 * is a mistake, which {@link IllegalStateException} reports, and nothing is changed. Except when it
 * has been dropped and the calling fiber is canceled: then the reason of that is thrown; and when
 * it has been dropped because the body of its owner had thrown, or its owner been canceled: then
 * that is thrown again. So in a scope that is being canceled no fiber complains of what another one
 * has put away.
 *
 * <p>The release runs exactly once, with cancelation forbidden, in the fiber that ends the last
 * use. A checked exception that it throws comes out inside a {@link ComputationException}. When a
 * body has thrown as well, the one exception is suppressed by the other, as in {@link Using}.
 *
 * <p>In a {@code try} with resources, {@link #close} drops. A body is needed to hand on a resource:
 * at the end of a block, {@code close} cannot tell success, when it would have to wait for the new
 * owner, from failure, when it must not. A fiber that is handed this object, and does not move it,
 * uses it like that:
 *
 * {@snippet :
 * try (client) { // the owner waits for this
 *   User user = client.borrow(this::login);
 *   client.borrow(socket -> {
 *     talk(socket, user);
 *   });
 * }
 * }
 *
 * <p>What is done with the resource happens before all that is done with it later, wherever.
 *
 * <p>Progress: everything but the bodies, the release and the wait of the owner is lock-free.
 * Space: constant; where the resource is not here, this object does not refer to it.
 *
 * @param <R> the resource
 */
// Only a lambda that is a single expression is ambiguous; see Using.
@SuppressWarnings({"overloads", "FunctionalInterfaceClash"})
public final class Owned<R> implements AutoCloseable {
  // For maintainers.
  //
  //   state         borrow        its end        move, transfer   drop
  //   the resource  -> BORROWED                  -> TRANSFERRED   -> dropped, release
  //   BORROWED      misuse        -> resource    misuse           -> dropped
  //   TRANSFERRED   misuse                       misuse           nothing
  //   dropped       misuse        release        misuse           nothing
  //   gone          running -> returned, after the last transition and, if dropped, the release
  //
  // Invariant: whoever takes the resource out of the state, or finds at the end of a borrow that it
  // cannot put it back, has it alone. So it is released once: by that one, unless it puts it back,
  // or into another instance.
  //
  // A drop never waits for a borrower, not even at the end of the owner's body. The exception that
  // ends the body may be what is going to stop the borrower, once it gets out of here.
  //
  // Ordering: every change is a volatile compare-and-set, and reads only prepare one, so that what
  // was done with the resource before is seen by whoever takes it out next.
  //
  // Nothing is allocated between the moment where the resource is taken from where it was and that
  // where it is where it goes: a lack of memory shall not lose it.
  //
  // Differences from the original: the target of a transfer waits for its end as any owner does;
  // one who waits for a drop does so also when the release throws; a drop while borrowed takes
  // effect at the end of the borrow, and an owner waits for a borrower, where both were errors that
  // came or not as the fibers happened to run, and the former lost the resource; who comes too late
  // because the owner has failed is told so.

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Owned.class, "state", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** In place of the resource: why it is not here, and what to throw at those who want it. */
  private static final class Absent {
    private final String what;
    private final @Nullable Throwable reason;

    Absent(String what, @Nullable Throwable reason) {
      this.what = what;
      this.reason = reason;
    }

    RuntimeException misuse() {
      return reason == null
          ? new IllegalStateException(what)
          : ComputationException.unchecked(reason);
    }

    @Override
    public String toString() {
      return what.substring(0, what.indexOf(':'));
    }
  }

  private static final Absent BORROWED =
      new Absent("borrowed: a body that has not ended yet works with the resource", null);
  private static final Absent TRANSFERRED =
      new Absent("transferred: the resource was moved and has another owner", null);
  private static final Absent DROPPED = dropped(null);

  private static Absent dropped(@Nullable Throwable reason) {
    return new Absent("dropped: the resource was given up for release", reason);
  }

  private final ResourceBlock<? super R, ?> release;
  private final Computation<@Nullable Void> gone = new Computation<>();

  @SuppressWarnings("unused") // through STATE
  private volatile Object state;

  /** Makes an instance that exists before its resource is taken from where it was. */
  <E extends Exception> Owned(Body<? extends R, E> acquire, ResourceBlock<? super R, ?> release)
      throws E {
    this.release = Objects.requireNonNull(release, "release");
    this.state = Objects.requireNonNull(acquire.run(), "acquire returned null");
  }

  /**
   * Acquires a resource, runs {@code body} with an instance that holds it, waits until that does
   * not hold it any more, because it was moved, transferred or dropped, and returns what {@code
   * body} returned. If {@code body} throws, the resource is dropped at once.
   *
   * <p>Who forgets to hand the resource on waits for ever: to release it at the end of the body,
   * use {@link Using}, or drop it.
   *
   * <p>Cancelation: {@code acquire} and {@code body} have to look for themselves. A fiber that is
   * canceled before or while it waits drops the resource and throws the reason; if there is nothing
   * to wait for, none. Whenever the resource is dropped while another fiber has borrowed it, it is
   * released at the end of the borrow, which this does not wait for.
   *
   * @throws E what {@code acquire} or {@code body} threw; if it was the former, there is nothing to
   *     release
   * @throws NullPointerException if {@code acquire} returned {@code null}
   */
  public static <R, T extends @Nullable Object, E extends Exception> T instantiate(
      Body<? extends R, E> acquire,
      ResourceBlock<? super R, ?> release,
      ResourceBody<? super Owned<R>, ? extends T, E> body)
      throws E {
    Objects.requireNonNull(body, "body");
    return new Owned<R>(acquire, release).runAndWait(null, body);
  }

  /** As {@link #instantiate(Body, ResourceBlock, ResourceBody)}, for a body with no result. */
  public static <R, E extends Exception> void instantiate(
      Body<? extends R, E> acquire,
      ResourceBlock<? super R, ?> release,
      ResourceBlock<? super Owned<R>, E> body)
      throws E {
    Objects.requireNonNull(body, "body");
    Owned.<R, @Nullable Void, E>instantiate(
        acquire,
        release,
        owned -> {
          body.run(owned);
          return null;
        });
  }

  /**
   * Runs {@code body} with the resource, which is given back at its end, however that comes, and
   * returns what {@code body} returned. Meanwhile nobody else can borrow, move or transfer it. If
   * it is dropped meanwhile, it is released in the end.
   *
   * <p>Cancelation: the affair of {@code body}.
   *
   * @throws E what {@code body} threw
   * @throws IllegalStateException if the resource is borrowed, transferred or dropped
   */
  public <T extends @Nullable Object, E extends Exception> T borrow(
      ResourceBody<? super R, ? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    ResourceBlock<R, E> giveBack = this::giveBack;
    return Release.<R, T, E>after(take(BORROWED), giveBack, body);
  }

  /** As {@link #borrow(ResourceBody)}, for a body that returns nothing. */
  public <E extends Exception> void borrow(ResourceBlock<? super R, E> body) throws E {
    Objects.requireNonNull(body, "body");
    this.<@Nullable Void, E>borrow(
        resource -> {
          body.run(resource);
          return null;
        });
  }

  /**
   * Takes the resource over, for {@code body}: the fiber that waits for that in {@link
   * #instantiate} or {@link #transfer} goes on, {@code body} runs with the resource, and at its
   * end, however that comes, the resource is released. Returns what {@code body} returned.
   *
   * <p>Cancelation: the affair of {@code body}; a fiber that is canceled takes over all the same.
   *
   * @throws E what {@code body} threw
   * @throws IllegalStateException if the resource is borrowed, transferred or dropped
   */
  public <T extends @Nullable Object, E extends Exception> T move(
      ResourceBody<? super R, ? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    ResourceBlock<R, E> thenRelease = this::release;
    ResourceBody<R, T, E> firstLetOwnerGo =
        resource -> {
          gone.tryReturn(null);
          return body.run(resource);
        };
    return Release.<R, T, E>after(take(TRANSFERRED), thenRelease, firstLetOwnerGo);
  }

  /** As {@link #move(ResourceBody)}, for a body that returns nothing. */
  public <E extends Exception> void move(ResourceBlock<? super R, E> body) throws E {
    Objects.requireNonNull(body, "body");
    this.<@Nullable Void, E>move(
        resource -> {
          body.run(resource);
          return null;
        });
  }

  /**
   * Takes the resource over into a new instance: the fiber that waits for that in {@link
   * #instantiate} or {@code transfer} goes on, and all else is as if the new instance had been
   * instantiated here: {@code body} runs with it, and its resource is waited for, and dropped if
   * that fails. For those who are to pass it on once more.
   *
   * <p>Cancelation: as {@link #instantiate}; a fiber that is canceled takes over all the same.
   *
   * @throws E what {@code body} threw
   * @throws IllegalStateException if the resource is borrowed, transferred or dropped
   */
  public <T extends @Nullable Object, E extends Exception> T transfer(
      ResourceBody<? super Owned<R>, ? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    return new Owned<R>(() -> take(TRANSFERRED), release).runAndWait(this, body);
  }

  /** As {@link #transfer(ResourceBody)}, for a body that returns nothing. */
  public <E extends Exception> void transfer(ResourceBlock<? super Owned<R>, E> body) throws E {
    Objects.requireNonNull(body, "body");
    this.<@Nullable Void, E>transfer(
        owned -> {
          body.run(owned);
          return null;
        });
  }

  /**
   * Releases the resource, or, while it is borrowed, leaves that to the end of the borrow, and lets
   * the fiber that waits in {@link #instantiate} or {@link #transfer} go on after it. If it has
   * been dropped or has another owner by now, does nothing. Not cancelable.
   *
   * @throws RuntimeException what the release threw; the resource counts as released then
   */
  public void drop() {
    drop(DROPPED);
  }

  /** The same as {@link #drop}, for a {@code try} with resources. */
  @Override
  public void close() {
    drop();
  }

  private <T extends @Nullable Object, E extends Exception> T runAndWait(
      @Nullable Owned<R> previous, ResourceBody<? super Owned<R>, ? extends T, E> body) throws E {
    try {
      if (previous != null) {
        previous.gone.tryReturn(null);
      }
      T value = body.run(this);
      gone.join();
      return value;
    } catch (Throwable thrown) {
      try {
        drop(dropped(thrown));
      } catch (Throwable failed) {
        if (Release.replaces(failed, thrown)) {
          throw failed;
        }
      }
      throw thrown;
    }
  }

  @SuppressWarnings("unchecked") // what is not an Absent is the resource
  private R take(Absent instead) {
    for (; ; ) {
      Object now = state();
      if (now instanceof Absent absent) {
        if (absent != BORROWED && absent != TRANSFERRED) {
          Fiber.current().check();
        }
        throw absent.misuse();
      }
      if (swap(now, instead)) {
        return (R) now;
      }
      Thread.onSpinWait();
    }
  }

  private void giveBack(R resource) {
    if (!swap(BORROWED, resource)) {
      release(resource); // it was dropped meanwhile
    }
  }

  @SuppressWarnings("unchecked") // as above
  private void drop(Absent dropped) {
    for (; ; ) {
      Object now = state();
      if (now instanceof Absent && now != BORROWED) {
        return;
      }
      if (swap(now, dropped)) {
        if (now != BORROWED) {
          release((R) now);
        }
        return;
      }
      Thread.onSpinWait();
    }
  }

  private void release(R resource) {
    try {
      Release.now(resource, release);
    } catch (Exception e) {
      throw ComputationException.unchecked(e);
    } finally {
      gone.tryReturn(null);
    }
  }

  private Object state() {
    Point.before(this, Point.Kind.READ);
    return STATE.getAcquire(this);
  }

  private boolean swap(Object before, Object after) {
    Point.before(this, Point.Kind.UPDATE);
    return STATE.compareAndSet(this, before, after);
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    return "Owned[" + state + "]";
  }
}
