package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A scope that holds the fibers forked in it: when it is left, all of them have ended.
 *
 * {@snippet :
 * Page page = Bundle.joinAfter(bundle -> {
 *   Promise<Header> header = bundle.forkAsPromise(() -> fetchHeader());
 *   Promise<Text> text = bundle.forkAsPromise(() -> fetchText());
 *   bundle.fork(() -> count(request));
 *   return new Page(header.await(), text.await());
 * });
 * }
 *
 * <p><b>Ends.</b> A fiber that throws {@link Terminate} ends, and that is all. A fiber that throws
 * anything else makes the bundle stop: all its fibers and the main body are canceled with a {@code
 * Terminate}. The same happens when the main body throws, be it a {@code Terminate}. In every case
 * {@link #joinAfter} waits for the end of all before it returns or throws.
 *
 * <p><b>Cancelation.</b> The main body and the fibers of {@link #fork} share one computation, which
 * is canceled when the computation that surrounded {@code joinAfter} is, with the same reason; a
 * fiber of {@link #forkAsPromise} has one of its own below that. Forbidding cancelation around
 * {@code joinAfter} does not protect what is inside; that is for the body and the fibers to do.
 *
 * <p><b>Who may call.</b> Any fiber or thread that has the bundle, also a foreign one, until it is
 * left. What is done before {@code fork} happens before the forked body, and what the forked bodies
 * do happens before {@code joinAfter} returns.
 *
 * <p>Progress: everything but the waiting of {@code joinAfter} is lock-free. Space: constant for
 * the bundle and for each live fiber; a fiber that has ended leaves nothing behind but its error.
 */
// Only a lambda that is a single expression is ambiguous; see joinAfter.
@SuppressWarnings({"overloads", "FunctionalInterfaceClash"})
public final class Bundle {
  // For maintainers.
  //
  //   count    the main body while it runs, and each fiber that was forked and has not ended.
  //            0 is final: the bundle is completed. Whoever takes it to 0 signals `finished`.
  //   errors   the places of the errors, latest first. Only added to.
  //   computation
  //            running -> canceled, by whoever stops the bundle, at the latest by the main fiber
  //            once the count is 0: that takes away timeouts, and whatever else still listens.
  //
  // Invariants: a fiber is counted from before its spawn until after its last access to the bundle,
  // and a spawn that fails is uncounted; so the main fiber, which waits for 0, leaves nobody
  // behind. It waits with cancelation forbidden, so nothing but the last fiber ends its wait.
  //
  // Ordering: count changes by volatile read-modify-writes, which form one release sequence: the
  // main fiber, when it finds 0 or is signaled after it, sees what every fiber did before it left,
  // the list of errors included.
  //
  // Differences from the original: a main body that throws Terminate stops the bundle as well
  // (there the wait for children that nobody cancels might never end); the same error object, also
  // one that comes in wrappers for checked exceptions, is collected once; a stopped bundle takes no
  // fibers from foreign fibers either; `finished` is not made lazily, since the little it costs
  // leaves nothing that could fail at the join; in place of a depth for stack traces, operations
  // take the Terminate to use.

  private static final VarHandle COUNT;
  private static final VarHandle ERRORS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      COUNT = lookup.findVarHandle(Bundle.class, "count", int.class);
      ERRORS = lookup.findVarHandle(Bundle.class, "errors", Failure.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final Terminate LEFT = new Terminate();

  private final Computation<@Nullable Void> computation = new Computation<>(Computation.Mode.LIFO);
  private final Trigger finished = new Trigger();

  @SuppressWarnings("unused") // through COUNT
  private volatile int count = 1;

  @SuppressWarnings("unused") // through ERRORS
  private volatile @Nullable Failure errors;

  private Bundle() {}

  /**
   * Runs {@code body} with a new bundle, waits until every fiber forked in it has ended, and
   * returns what {@code body} returned.
   *
   * <p>If the body or fibers failed, their error is thrown, or an {@link ErrorsException} when
   * there are several. Else, if the calling fiber is canceled by now, its reason is thrown and the
   * value is lost. Else, if the body threw a {@link Terminate}, that is thrown.
   *
   * <p>Cancelation: a caller whose computation is canceled already throws the reason at once, even
   * if it forbids cancelation, and {@code body} does not run. The wait at the end cannot be
   * canceled; cancelation that comes meanwhile is passed to the fibers.
   *
   * <p>A lambda that is a single call needs braces, or a parameter type, for the compiler to tell
   * this method from the one for blocks.
   *
   * @throws E what {@code body} threw, that very object, when it is the only error. An error of a
   *     forked fiber is also thrown as it is when it is unchecked, and inside a {@link
   *     ComputationException} when it is checked
   * @throws ErrorsException when there are several different errors
   */
  public static <T extends @Nullable Object, E extends Exception> T joinAfter(
      ScopeBody<? extends T, E> body) throws E {
    return joinAfter(OnReturn.AWAIT, body);
  }

  /**
   * Runs {@code body} with a new bundle, and waits until every fiber forked in it has ended.
   *
   * @throws E as {@link #joinAfter(ScopeBody)}
   */
  public static <E extends Exception> void joinAfter(ScopeBlock<E> body) throws E {
    joinAfter(OnReturn.AWAIT, body);
  }

  /**
   * As {@link #joinAfter(ScopeBody)}; {@code onReturn} says what becomes of the fibers when {@code
   * body} returns.
   */
  public static <T extends @Nullable Object, E extends Exception> T joinAfter(
      OnReturn onReturn, ScopeBody<? extends T, E> body) throws E {
    Objects.requireNonNull(onReturn, "onReturn");
    Objects.requireNonNull(body, "body");
    Bundle bundle = new Bundle();
    Fiber fiber = Fiber.current();
    Computation<?> surrounding = fiber.computation();
    Trigger canceler = Computation.attachCanceler(surrounding, bundle.computation);
    // From here on nothing fails that is not followed by the join.
    fiber.setComputation(bundle.computation);
    T value;
    try {
      value = body.run(bundle);
      if (onReturn == OnReturn.TERMINATE) {
        bundle.terminate();
      }
    } catch (Throwable thrown) {
      bundle.join(fiber, surrounding, canceler, thrown);
      Throwable error = bundle.collectedError();
      if (error == null) {
        fiber.check();
      } else if (error != unwrapped(thrown)) {
        throw ComputationException.unchecked(error);
      }
      throw thrown;
    }
    bundle.join(fiber, surrounding, canceler, null);
    Throwable error = bundle.collectedError();
    if (error != null) {
      throw ComputationException.unchecked(error);
    }
    fiber.check();
    return value;
  }

  /** As {@link #joinAfter(OnReturn, ScopeBody)}, for a body that returns nothing. */
  public static <E extends Exception> void joinAfter(OnReturn onReturn, ScopeBlock<E> body)
      throws E {
    Objects.requireNonNull(body, "body");
    Bundle.<@Nullable Void, E>joinAfter(
        onReturn,
        bundle -> {
          body.run(bundle);
          return null;
        });
  }

  /**
   * Starts a fiber in this bundle that runs {@code body}.
   *
   * <p>All or nothing: when this returns, {@code body} will run, even if the bundle is stopped
   * before it starts; when this throws, it will not. An exception of {@code body}, checked or not,
   * stops the bundle and comes out of {@link #joinAfter}; a {@link Terminate} ends the fiber only.
   *
   * <p>Cancelation: throws the reason if this bundle is stopped, whoever calls and even if they
   * forbid cancelation, or if the calling fiber is canceled.
   *
   * @throws IllegalStateException if the scope has been left
   */
  public void fork(Block<?> body) {
    fork(body, false);
  }

  /**
   * Starts a fiber in this bundle that runs {@code body}, and returns the promise of what it
   * returns.
   *
   * <p>An exception of {@code body} is what the promise's {@code await} throws, and, unless it is a
   * {@link Terminate}, also stops the bundle and comes out of {@link #joinAfter}. Terminating the
   * promise does not concern the bundle or its other fibers.
   *
   * <p>For the rest as {@link #fork}.
   */
  public <T extends @Nullable Object> Promise<T> forkAsPromise(Body<? extends T, ?> body) {
    return forkAsPromise(body, false);
  }

  void fork(Block<?> body, boolean inFlock) {
    Child child = new Child(this, Objects.requireNonNull(body, "body"));
    Fiber fiber = newFiber(computation, inFlock);
    enter();
    try {
      computation.check();
      Fiber.spawn(fiber, child);
    } catch (Throwable refused) {
      leave();
      throw refused;
    }
  }

  <T extends @Nullable Object> Promise<T> forkAsPromise(
      Body<? extends T, ?> body, boolean inFlock) {
    Objects.requireNonNull(body, "body");
    Computation<T> result = new Computation<>(Computation.Mode.LIFO);
    Promise<T> promise = new Promise<>(result);
    Fiber fiber = newFiber(result, inFlock);
    Trigger canceler = Computation.canceler(computation, result);
    PromiseChild<T> child = new PromiseChild<>(this, body, result, canceler);
    enter();
    try {
      if (!computation.tryAttach(canceler)) {
        computation.check();
      }
      Fiber.spawn(fiber, child);
    } catch (Throwable refused) {
      leave(canceler);
      throw refused;
    }
    return promise;
  }

  private Fiber newFiber(Computation<?> of, boolean inFlock) {
    Fiber fiber = new Fiber(of, false);
    if (inFlock) {
      Flock.enter(fiber, this);
    }
    return fiber;
  }

  /**
   * Stops this bundle: cancels its fibers and its main body with a {@link Terminate}. Does not wait
   * for them. Does nothing if the bundle is stopped already. Not cancelable.
   */
  public void terminate() {
    terminate(new Terminate());
  }

  /** As {@link #terminate()}, with {@code reason} for the reason. */
  public void terminate(Terminate reason) {
    computation.tryCancel(reason);
  }

  /**
   * Arranges that this bundle is terminated once {@code delay} has passed. Nothing is left of that
   * when the bundle is stopped or left earlier.
   *
   * <p>Cancelation: throws the reason if the calling fiber is canceled, and arranges nothing.
   *
   * @throws IllegalArgumentException if {@code delay} is negative
   */
  public void terminateAfter(Duration delay) {
    terminateAfter(delay, new Terminate());
  }

  /** As {@link #terminateAfter(Duration)}, with {@code reason} for the reason. */
  public void terminateAfter(Duration delay, Terminate reason) {
    computation.cancelAfter(delay, reason);
  }

  /**
   * Reports {@code error} as if a fiber of this bundle had thrown it: stops the bundle, and lets
   * the error come out of {@link #joinAfter}. A {@link Terminate} is no error, and then this does
   * nothing. Not cancelable.
   *
   * @throws IllegalStateException if the scope has been left
   */
  public void error(Throwable error) {
    Objects.requireNonNull(error, "error");
    Failure place = new Failure();
    enter();
    try {
      fail(place, error);
    } finally {
      leave();
    }
  }

  /** Whether this bundle has neither been stopped nor left. */
  boolean isRunning() {
    return computation.isRunning();
  }

  /** Keeps what a fiber threw and stops the bundle, unless it was asked for. */
  void fail(Failure place, Throwable thrown) {
    if (record(place, thrown)) {
      stop();
    }
  }

  /** Keeps what a fiber threw; returns whether it is an error. */
  boolean record(Failure place, Throwable thrown) {
    if (thrown instanceof Terminate) {
      return false;
    }
    place.error = thrown;
    Failure latest;
    do {
      Point.before(this, Point.Kind.READ);
      latest = (Failure) ERRORS.getAcquire(this);
      place.earlier = latest;
      Point.before(this, Point.Kind.UPDATE);
    } while (!ERRORS.compareAndSet(this, latest, place));
    return true;
  }

  /** Stops the bundle; what somebody's trigger throws on that occasion becomes an error. */
  void stop() {
    try {
      computation.tryCancel(new Terminate());
    } catch (Throwable byListener) {
      if (computation.isRunning()) {
        throw byListener;
      }
      record(new Failure(), byListener);
    }
  }

  private void enter() {
    for (; ; ) {
      Point.before(this, Point.Kind.READ);
      int before = (int) COUNT.getAcquire(this);
      if (before == 0) {
        throw new IllegalStateException("already completed: the scope has been left");
      }
      Point.before(this, Point.Kind.UPDATE);
      if (COUNT.compareAndSet(this, before, before + 1)) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  /** Uncounts the caller. Nothing of the bundle may be used after it. */
  void leave() {
    if (uncount()) {
      finished.signal();
    }
  }

  /** Uncounts a fiber that had a computation of its own. */
  void leave(Trigger canceler) {
    try {
      computation.detach(canceler);
    } finally {
      leave();
    }
  }

  private boolean uncount() {
    Point.before(this, Point.Kind.UPDATE);
    return (int) COUNT.getAndAdd(this, -1) == 1;
  }

  /** Leaves the scope in the main fiber, whose body threw {@code thrown} if that is not null. */
  private void join(
      Fiber fiber, Computation<?> surrounding, Trigger canceler, @Nullable Throwable thrown) {
    fiber.setComputation(surrounding);
    boolean forbade = fiber.exchangeForbid(true);
    try {
      if (thrown != null) {
        record(new Failure(), thrown);
        stop();
      }
    } finally {
      if (!uncount()) {
        Throwable none = finished.await();
        assert none == null : "canceled although it is forbidden";
      }
      fiber.setForbid(forbade);
      surrounding.detach(canceler);
    }
    close();
  }

  /** After the last fiber has ended, takes away what still listens, such as timeouts. */
  private void close() {
    try {
      computation.tryCancel(LEFT);
    } catch (Throwable byListener) {
      record(new Failure(), byListener);
    }
  }

  /** The one error, or all of them in an {@link ErrorsException}. */
  private @Nullable Throwable collectedError() {
    Point.before(this, Point.Kind.READ);
    Failure latest = (Failure) ERRORS.getAcquire(this);
    if (latest == null) {
      return null;
    }
    List<Throwable> errors = new ArrayList<>();
    for (Failure place = latest; place != null; place = place.earlier) {
      errors.add(unwrapped(Objects.requireNonNull(place.error)));
    }
    Collections.reverse(errors);
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    errors.removeIf(error -> !seen.add(error));
    return errors.size() == 1 ? errors.get(0) : new ErrorsException(errors);
  }

  /** A checked reason comes in a new wrapper each time that it is thrown. */
  private static Throwable unwrapped(Throwable thrown) {
    return thrown instanceof ComputationException carrier && carrier.getCause() != null
        ? carrier.getCause()
        : thrown;
  }

  /** Shows how many are at work, for people. */
  @Override
  public String toString() {
    int live = (int) COUNT.getAcquire(this);
    return "Bundle["
        + (live == 0 ? "left" : (isRunning() ? "running, " : "stopped, ") + live + " at work")
        + "]";
  }
}
