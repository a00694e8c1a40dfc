package dev.picos.std.resource;

import dev.picos.core.BlockWith;
import dev.picos.core.Body;
import dev.picos.core.BodyWith;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Point;
import dev.picos.core.internal.Headroom;
import dev.picos.std.internal.Bodies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A resource that has one owner at a time, and that another fiber can take over, without a moment
 * in between at which no fiber would release it.
 *
 * <p>A server accepts connections in one fiber and serves each of them in a fiber of its own:
 *
 * {@snippet :
 * Flock.run(() -> {
 *   for (; ; ) {
 *     Owned.run(
 *         () -> Control.callInterruptible(listener::accept),
 *         SocketChannel::close,
 *         client -> Flock.fork(() -> client.runMoved(this::serve)));
 *   }
 * });
 * }
 *
 * <p>Whatever happens, each socket is closed once. If the fork is refused, because the server is
 * being canceled, the accepting fiber closes the socket. If the fork succeeds, {@link #run} waits
 * until the new fiber has moved the socket. If the server is canceled before that, the accepting
 * fiber closes the socket, and the new fiber throws the reason of the cancelation instead of
 * serving a closed socket. Once moved, the socket is closed at the end of {@code serve}.
 *
 * <p>The resource is in one of four states:
 *
 * <ul>
 *   <li>here: it may be {@linkplain #runBorrowed borrowed}, {@linkplain #runMoved moved},
 *       {@linkplain #runTransferred transferred} and {@linkplain #drop dropped};
 *   <li>borrowed: a body works with it and has not given it back;
 *   <li>transferred: it has another owner, and never comes back here;
 *   <li>dropped: it has been released, or the fiber that has borrowed it will release it.
 * </ul>
 *
 * <p>Any fiber or thread that has this object may use it. Asking for the resource when it is not
 * here is a mistake, which {@link IllegalStateException} reports, and which changes nothing. There
 * are two exceptions. If the resource has been dropped and the calling fiber is canceled, the
 * reason of the cancelation is thrown instead. If it has been dropped because the body of its owner
 * threw, or because its owner was canceled, the same is thrown again. So in a scope that is being
 * canceled, no fiber fails because of a resource that another one has dropped.
 *
 * <p>The release runs exactly once, with cancelation forbidden, in the fiber that ends the last
 * use. A checked exception that it throws comes out inside a {@link ComputationException}. When a
 * body has thrown, too, the exception of the body comes out and suppresses that of the release, or
 * the other way round if the former takes no suppressed ones, as in {@link Using}.
 *
 * <p>In a {@code try} with resources, {@link #close} drops the resource. Handing on a resource
 * takes a body: at the end of a block, {@code close} cannot tell success, after which it would have
 * to wait for the new owner, from failure, after which it must not. A fiber that is given this
 * object, and does not move the resource, may use it in a {@code try}:
 *
 * {@snippet :
 * try (client) { // the owner waits for this
 *   User user = client.callBorrowed(this::login);
 *   client.runBorrowed(socket -> talk(socket, user));
 * }
 * }
 *
 * <p>What a fiber does with the resource happens before everything that any fiber does with it
 * later.
 *
 * <p>Progress: everything but the bodies, the release and the wait of the owner is lock-free.
 * Space: constant; when the resource is not here, this object does not refer to it.
 *
 * @param <R> the type of the resource
 */
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
  // Invariant: a thread that takes the resource out of the state, or finds at the end of a borrow
  // that it cannot put it back, is the only one to have it. So the resource is released once: by
  // that thread, unless it puts the resource back, or into another instance.
  //
  // A drop never waits for a borrower, not even at the end of the owner's body. The exception that
  // ended the body may be what is going to stop the borrower, but only once it gets out of here.
  //
  // Ordering: every change is a volatile compare-and-set, and reads only prepare one. So a thread
  // that takes the resource out next sees what was done with it before.
  //
  // Nothing is allocated from the moment when the resource is taken from one place until it is in
  // the next one, so that a lack of memory cannot lose it.
  //
  // Differences from the original: the target of a transfer waits for its end, as any owner does. A
  // fiber that waits for a drop does so even if the release throws. A drop while the resource is
  // borrowed takes effect at the end of the borrow, and an owner waits for a borrower. In the
  // original both were errors that came or not depending on timing, and the former lost the
  // resource. A fiber that comes too late because the owner has failed is told so.

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Owned.class, "state", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * Takes the place of the resource: says why it is not here, and what to throw at a fiber that
   * asks for it.
   */
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
  private static final Absent DROPPED =
      new Absent("dropped: the resource was given up for release", null);

  private static Absent dropped(Throwable reason) {
    try {
      return new Absent(DROPPED.what, reason);
    } catch (OutOfMemoryError full) {
      return DROPPED; // releasing the resource matters more
    }
  }

  private final BlockWith<? super R, ?> release;
  private final Computation<@Nullable Void> gone = new Computation<>();

  @SuppressWarnings("unused") // through STATE
  private volatile Object state;

  /** Makes an instance that exists before its resource is taken from elsewhere. */
  <E extends Exception> Owned(Body<? extends R, E> acquire, BlockWith<? super R, ?> release)
      throws E {
    this.release = Objects.requireNonNull(release, "release");
    Headroom.requireForScope();
    this.state = Objects.requireNonNull(acquire.run(), "acquire returned null");
  }

  /**
   * Acquires a resource, runs {@code body} with an instance that holds it, and waits until that
   * instance does not hold it any more, because the resource was moved, transferred or dropped. If
   * {@code body} throws, the resource is dropped at once.
   *
   * <p>If no fiber takes the resource over, this waits for ever. To release the resource at the end
   * of the body, use {@link Using}, or drop it.
   *
   * <p>Cancelation: up to {@code acquire} and {@code body} while they run. After that, none if
   * there is nothing to wait for. Else a fiber that is canceled before or while it waits drops the
   * resource and throws the reason. If the resource is dropped while another fiber has borrowed it,
   * it is released at the end of the borrow, which this does not wait for.
   *
   * @throws A what {@code acquire} threw; there is nothing to release then
   * @throws E what {@code body} threw
   * @throws NullPointerException if {@code acquire} returned {@code null}
   */
  public static <R, A extends Exception, E extends Exception> void run(
      Body<? extends R, A> acquire,
      BlockWith<? super R, ?> release,
      BlockWith<? super Owned<R>, E> body)
      throws A, E {
    Objects.requireNonNull(body, "body");
    Owned.<R, @Nullable Void, A, E>call(acquire, release, Bodies.of(body));
  }

  /** As {@link #run}, and returns what {@code body} returned. */
  public static <R, T extends @Nullable Object, A extends Exception, E extends Exception> T call(
      Body<? extends R, A> acquire,
      BlockWith<? super R, ?> release,
      BodyWith<? super Owned<R>, ? extends T, E> body)
      throws A, E {
    Objects.requireNonNull(body, "body");
    return new Owned<R>(acquire, release).runAndWait(null, body);
  }

  /**
   * Runs {@code body} with the resource, which is given back however {@code body} ends. Meanwhile
   * no other fiber can borrow, move or transfer it. If it is dropped meanwhile, it is released when
   * {@code body} ends.
   *
   * <p>Cancelation: up to {@code body}.
   *
   * @throws E what {@code body} threw
   * @throws IllegalStateException if the resource is borrowed, transferred or dropped
   */
  public <E extends Exception> void runBorrowed(BlockWith<? super R, E> body) throws E {
    Objects.requireNonNull(body, "body");
    this.<@Nullable Void, E>callBorrowed(Bodies.of(body));
  }

  /** As {@link #runBorrowed}, and returns what {@code body} returned. */
  public <T extends @Nullable Object, E extends Exception> T callBorrowed(
      BodyWith<? super R, ? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    BlockWith<R, RuntimeException> giveBack = this::giveBack;
    Headroom.requireForScope();
    return Release.<R, T, RuntimeException, E>after(take(BORROWED), giveBack, body);
  }

  /**
   * Takes the resource over for {@code body}. The fiber that waits in {@link #run} or {@link
   * #runTransferred} until the resource is taken over goes on, {@code body} runs with the resource,
   * and then the resource is released, however {@code body} ends.
   *
   * <p>Cancelation: up to {@code body}; a fiber that is canceled takes the resource over all the
   * same.
   *
   * @throws E what {@code body} threw
   * @throws IllegalStateException if the resource is borrowed, transferred or dropped
   */
  public <E extends Exception> void runMoved(BlockWith<? super R, E> body) throws E {
    Objects.requireNonNull(body, "body");
    this.<@Nullable Void, E>callMoved(Bodies.of(body));
  }

  /** As {@link #runMoved}, and returns what {@code body} returned. */
  public <T extends @Nullable Object, E extends Exception> T callMoved(
      BodyWith<? super R, ? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    BlockWith<R, RuntimeException> thenRelease = this::release;
    BodyWith<R, T, E> firstLetOwnerGo =
        resource -> {
          gone.tryReturn(null);
          return body.run(resource);
        };
    Headroom.requireForScope();
    return Release.<R, T, RuntimeException, E>after(
        take(TRANSFERRED), thenRelease, firstLetOwnerGo);
  }

  /**
   * Takes the resource over into a new instance, from which it can be passed on once more. The
   * fiber that waits in {@link #run} or {@code runTransferred} until the resource is taken over
   * goes on. Everything else is as if {@link #run} had made the new instance here: {@code body}
   * runs with it, this waits until it does not hold the resource any more, and drops the resource
   * if {@code body} throws.
   *
   * <p>Cancelation: as {@link #run}; a fiber that is canceled takes the resource over all the same.
   *
   * @throws E what {@code body} threw
   * @throws IllegalStateException if the resource is borrowed, transferred or dropped
   */
  public <E extends Exception> void runTransferred(BlockWith<? super Owned<R>, E> body) throws E {
    Objects.requireNonNull(body, "body");
    this.<@Nullable Void, E>callTransferred(Bodies.of(body));
  }

  /** As {@link #runTransferred}, and returns what {@code body} returned. */
  public <T extends @Nullable Object, E extends Exception> T callTransferred(
      BodyWith<? super Owned<R>, ? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    return new Owned<R>(() -> take(TRANSFERRED), release).runAndWait(this, body);
  }

  /**
   * Releases the resource now or, if it is borrowed, at the end of the borrow. After that, the
   * fiber that waits in {@link #run} or {@link #runTransferred} goes on. Does nothing if the
   * resource has been dropped or has another owner by now. Not cancelable.
   *
   * @throws RuntimeException what the release threw; the resource counts as released then
   */
  public void drop() {
    drop(DROPPED);
  }

  /**
   * The same as {@link #drop}, for a {@code try} with resources. What the release threw is lost
   * where {@link Closing} says that Java loses it.
   */
  @Override
  public void close() {
    drop();
  }

  private <T extends @Nullable Object, E extends Exception> T runAndWait(
      @Nullable Owned<R> previous, BodyWith<? super Owned<R>, ? extends T, E> body) throws E {
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
      release(resource); // it has been dropped meanwhile
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
