package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Body;
import dev.picos.core.BodyWith;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.core.internal.Headroom;
import dev.picos.std.internal.Bodies;
import dev.picos.std.internal.TellsOfCause;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A scope for fibers: when it is left, all fibers that were forked in it have ended.
 *
 * {@snippet :
 * Page page = Bundle.call(bundle -> {
 *   Promise<Header> header = bundle.forkAsPromise(() -> fetchHeader());
 *   Promise<Text> text = bundle.forkAsPromise(() -> fetchText());
 *   bundle.fork(() -> count(request));
 *   return new Page(header.await(), text.await());
 * });
 * }
 *
 * <p><b>Errors.</b> A fiber that throws makes the bundle stop: all its fibers and the main body are
 * canceled. The same happens when the main body throws. In every case {@link #run} and {@link
 * #call} wait until all fibers have ended before they return or throw. In a {@linkplain
 * #runSupervised supervised} bundle the failure of a fiber is that fiber's own.
 *
 * <p><b>Silence.</b> One exception is no error: the very {@link TerminateException} that the fiber
 * was stopped with, because this bundle, the fiber's promise, or what surrounds this bundle was
 * terminated. A fiber that ends with it has done as asked. A timeout is an error, and so is the
 * cancelation of another fiber that the fiber has come across.
 *
 * <p><b>Cancelation.</b> The main body and the fibers of {@link #fork} share one computation, which
 * is canceled when the computation that surrounds the scope is, with the same reason; a fiber of
 * {@link #forkAsPromise} has a computation of its own, which is canceled with the shared one. In a
 * fiber that forbids cancelation, the scope is shielded: what surrounds it does not cancel it, and
 * inside it cancelation works.
 *
 * <p><b>Who may call.</b> Any fiber or thread that has the bundle, even a foreign one, until the
 * bundle is left. A forked fiber always runs where the main body does: on the same scheduler, and
 * in the same run. What the caller does before {@code fork} happens before the forked body, and
 * what the forked bodies do happens before {@code run} or {@code call} returns.
 *
 * <p>Progress: everything but the waiting at the end is lock-free. Space: constant for the bundle
 * and for each live fiber; a fiber that has ended leaves nothing behind but its error.
 */
public final class Bundle {
  // For maintainers.
  //
  //   count    the main body while it runs, and each fiber that was forked and has not ended.
  //            0 is final: the bundle is completed. A fiber that takes it to 0 signals `finished`.
  //   errors   the places of the errors, latest first. Only added to.
  //   computation
  //            running -> canceled, by a thread that stops the bundle, at the latest by the main
  //            fiber once the count is 0. That removes timeouts, and all that still listens.
  //
  // Claim: the main fiber leaves no fiber behind. Proof:
  //   1 A fiber is counted from before its spawn until after its last access to the bundle, and a
  //     spawn that fails is uncounted.
  //   2 The main fiber waits until the count is 0. It waits with cancelation forbidden, so only the
  //     last fiber ends its wait.
  //   3 It does so even if the body has filled the stack or the heap. What leaving needs of either
  //     was there before the body was called.
  //
  // Ordering: `count` changes by volatile read-modify-writes, which form one release sequence. So
  // the main fiber, when it finds 0 or is signaled after that, sees what every fiber did before it
  // left, and the list of errors, too.
  //
  // Whether an exception is the stop that was asked for is decided by identity: it must be the
  // reason of the fiber's own computation, or that of the bundle. A fiber may come across the
  // reason before it is canceled itself, since a cancelation passes from one computation to the
  // next. This happens when the fiber awaits a promise that has been canceled already, or forks.
  // Then it throws one of our exceptions, with that reason as the cause. By then the bundle is
  // canceled, since the cancelation came through it. Therefore the cause is compared.
  //
  // Differences from the original:
  //   - A TerminateException is silent only where it is what was asked for (there any is).
  //   - A main body that throws one stops the bundle as well (there the wait for children that
  //     nobody cancels might never end).
  //   - The same error object is collected once, even if it comes in wrappers for checked
  //     exceptions.
  //   - A stopped bundle takes no fibers from foreign fibers either.
  //   - `finished` is not made lazily: it costs little, and so nothing can fail at the join.
  //   - In place of a depth for stack traces, operations take the TerminateException to use.

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

  // Made in advance, so that stopping and leaving need no memory.
  private static final Outcome<@Nullable Void> LEFT =
      new Outcome.Canceled<>(new TerminateException());
  private static final Outcome<@Nullable Void> STOPPED_WITHOUT_MEMORY =
      new Outcome.Canceled<>(TerminateException.SHARED);

  private final Computation<@Nullable Void> computation = new Computation<>(Computation.Mode.LIFO);
  private final Trigger finished = new Trigger();
  private final Failure ofMainBody = new Failure();

  /** Is given the failures of fibers; {@code null} if they are failures of the bundle. */
  private final @Nullable BlockWith<? super Throwable, ?> supervisor;

  /** Where the fibers run: where the main body does, which lives as long as a fiber is counted. */
  private final Handler home = Handler.ofCurrentThread();

  /** What the fibers take over from those that fork them, if anything. */
  private final @Nullable Inheritance inheritance = Heir.inheritanceOf(home.current());

  @SuppressWarnings("unused") // through COUNT
  private volatile int count = 1;

  @SuppressWarnings("unused") // through ERRORS
  private volatile @Nullable Failure errors;

  /** What people call this. */
  private volatile @Nullable String name;

  private Bundle(@Nullable BlockWith<? super Throwable, ?> supervisor) {
    this.supervisor = supervisor;
  }

  /**
   * Runs {@code body} with a new bundle, and waits until every fiber forked in it has ended.
   *
   * <p>If the body or fibers failed, their error is thrown, or an {@link ErrorsException} when
   * there are several. Else, if the calling fiber is canceled by now, its reason is thrown. If the
   * bundle was {@linkplain #terminate() terminated}, this returns, even if that has ended {@code
   * body}.
   *
   * <p>Cancelation: a caller that is canceled already throws the reason at once, and {@code body}
   * does not run. The wait at the end cannot be canceled; cancelation that comes meanwhile is
   * passed on to the fibers.
   *
   * @throws E what {@code body} threw, that very object, when it is the only error. An error of a
   *     forked fiber is also thrown as it is when it is unchecked, and inside a {@link
   *     ComputationException} when it is checked
   * @throws ErrorsException when there are several different errors
   */
  public static <E extends Exception> void run(BlockWith<? super Bundle, E> body) throws E {
    run(OnReturn.AWAIT, body);
  }

  /**
   * Runs {@code body} with a new bundle, waits until every fiber forked in it has ended, and
   * returns what {@code body} returned. Otherwise as {@link #run(BlockWith)}.
   *
   * @throws E as {@link #run(BlockWith)}
   * @throws TerminatedException if there is no value, because the bundle was terminated and that
   *     has ended {@code body}
   */
  public static <T extends @Nullable Object, E extends Exception> T call(
      BodyWith<? super Bundle, ? extends T, E> body) throws E {
    return call(OnReturn.AWAIT, body);
  }

  /**
   * As {@link #run(BlockWith)}; {@code onReturn} says what happens to the fibers when {@code body}
   * returns.
   */
  public static <E extends Exception> void run(OnReturn onReturn, BlockWith<? super Bundle, E> body)
      throws E {
    new Bundle(null).enclose(onReturn, body);
  }

  /**
   * As {@link #call(BodyWith)}; {@code onReturn} says what happens to the fibers when {@code body}
   * returns.
   */
  public static <T extends @Nullable Object, E extends Exception> T call(
      OnReturn onReturn, BodyWith<? super Bundle, ? extends T, E> body) throws E {
    return new Bundle(null).<T, E>encloseForValue(onReturn, body);
  }

  /**
   * As {@link #run(BlockWith)}, but the failure of a fiber neither stops the bundle nor comes out
   * of this method. It is given to {@code supervisor}, in the fiber that failed, which counts as
   * alive until {@code supervisor} returns. Several failures may be given at the same time. This is
   * for a server, say, whose connections must not affect each other.
   *
   * <p>What {@code supervisor} throws is an error of the bundle, as is what {@code body} throws,
   * and what is reported by {@link #error}. So is a timeout of the bundle, or anything else that
   * cancels all of it, since that is no failure of a single fiber. If {@code supervisor} is cut
   * short in that way, the failure that it was given is an error of the bundle.
   */
  public static <E extends Exception> void runSupervised(
      BlockWith<? super Throwable, ?> supervisor, BlockWith<? super Bundle, E> body) throws E {
    new Bundle(Objects.requireNonNull(supervisor, "supervisor")).enclose(OnReturn.AWAIT, body);
  }

  /** As {@link #runSupervised}, for a body that returns a value. */
  public static <T extends @Nullable Object, E extends Exception> T callSupervised(
      BlockWith<? super Throwable, ?> supervisor, BodyWith<? super Bundle, ? extends T, E> body)
      throws E {
    return new Bundle(Objects.requireNonNull(supervisor, "supervisor"))
        .<T, E>encloseForValue(OnReturn.AWAIT, body);
  }

  private <E extends Exception> void enclose(OnReturn onReturn, BlockWith<? super Bundle, E> body)
      throws E {
    this.<@Nullable Void, E>enclose(onReturn, Bodies.of(body), () -> null);
  }

  private <T extends @Nullable Object, E extends Exception> T encloseForValue(
      OnReturn onReturn, BodyWith<? super Bundle, ? extends T, E> body) throws E {
    return this.<T, E>enclose(
        onReturn,
        body,
        () -> {
          throw new TerminatedException(nameOfScope(), reason());
        });
  }

  private <T extends @Nullable Object, E extends Exception> T enclose(
      OnReturn onReturn,
      BodyWith<? super Bundle, ? extends T, E> body,
      Supplier<? extends T> whenTerminated)
      throws E {
    Objects.requireNonNull(onReturn, "onReturn");
    Objects.requireNonNull(body, "body");
    Enclosure enclosure = Enclosure.begin(computation);
    // After this point, the join follows any failure.
    T value;
    try {
      value = body.run(this);
      if (onReturn == OnReturn.TERMINATE) {
        terminate();
      }
    } catch (Throwable thrown) {
      Throwable end = Objects.requireNonNull(join(enclosure, thrown));
      Throwable error = collectedError();
      if (error == null) {
        enclosure.fiber().check();
        return whenTerminated.get();
      }
      throw error == withoutNeedlessWrapper(end)
          ? Thrown.<E>unchanged(end)
          : ComputationException.unchecked(error);
    }
    Throwable none = join(enclosure, null);
    assert none == null;
    Throwable error = collectedError();
    if (error != null) {
      throw ComputationException.unchecked(error);
    }
    enclosure.fiber().check();
    return value;
  }

  /**
   * Gives this bundle a name, which shows in its {@code toString} and in the exceptions that say
   * that it has been stopped or left.
   *
   * @return this bundle
   */
  public Bundle named(String name) {
    this.name = Objects.requireNonNull(name, "name");
    return this;
  }

  private String nameOfScope() {
    return name == null ? "the scope" : "the scope " + name;
  }

  /**
   * Starts a fiber in this bundle that runs {@code body}.
   *
   * <p>All or nothing: when this returns, {@code body} will run, even if the bundle is stopped
   * before it starts; when this throws, it will not. An exception of {@code body}, checked or not,
   * is an error, as the class comment says. (If the fiber is to {@linkplain Inheritance inherit}
   * something, and what restores that throws, this is such an error, and {@code body} does not
   * run.)
   *
   * <p>Cancelation: throws the reason if the calling fiber is canceled. If this bundle was stopped
   * with the same reason as the fiber, it does so even if the fiber forbids cancelation.
   *
   * @throws IllegalStateException if the scope has been left, or if it has been stopped and the
   *     calling fiber has not
   */
  public void fork(Block<?> body) {
    fork(body, false);
  }

  /**
   * Starts a fiber in this bundle that runs {@code body}, as {@link #fork(Block)} does. Its thread
   * has the given name until it ends, which shows in thread dumps, flight recordings, and the
   * reports of deadlocks and of runs that hang.
   *
   * @throws IllegalStateException as {@code fork} does
   */
  public void fork(String name, Block<?> body) {
    fork(named(name, body));
  }

  /**
   * Starts a fiber in this bundle that runs {@code body}, which makes blocking calls of the JDK.
   * This is like a {@link #fork} of {@link Control#runInterruptible}.
   */
  public void forkInterruptible(Block<?> body) {
    fork(interruptible(body));
  }

  static Block<?> interruptible(Block<?> body) {
    Objects.requireNonNull(body, "body");
    return () -> Control.runInterruptible(body);
  }

  /**
   * Starts a fiber in this bundle that runs {@code body}, and returns a promise of what {@code
   * body} returns.
   *
   * <p>If {@code body} throws, the promise's {@code await} throws the same, and the exception is an
   * error of the bundle, too, unless the promise has been terminated with it. Terminating the
   * promise does not affect the bundle or its other fibers.
   *
   * <p>Otherwise as {@link #fork}.
   */
  public <T extends @Nullable Object> Promise<T> forkAsPromise(Body<? extends T, ?> body) {
    return forkAsPromise(body, false);
  }

  /**
   * As {@link #forkAsPromise(Body)}, in a thread that has the given name, as in {@link
   * #fork(String, Block)}; the promise has that name, too.
   */
  public <T extends @Nullable Object> Promise<T> forkAsPromise(
      String name, Body<? extends T, ?> body) {
    return this.<T>forkAsPromise(named(name, body), false).named(name);
  }

  static Block<?> named(String name, Block<?> body) {
    Body<?, ?> named = named(name, Bodies.of(body));
    return named::run;
  }

  static <T extends @Nullable Object> Body<T, ?> named(String name, Body<? extends T, ?> body) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(body, "body");
    return () -> {
      Thread.currentThread().setName(name); // until the fiber ends: then its scheduler clears it
      return body.run();
    };
  }

  void fork(Block<?> body, boolean inFlock) {
    Objects.requireNonNull(body, "body");
    Child child = new Child(this, inheritance == null ? body : inheritance.bindBlock(body));
    Fiber fiber = newFiber(computation, inFlock);
    Headroom.requireToHold();
    enter();
    try {
      requireRunning();
      Fiber.spawnIn(home, fiber, child);
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
    Body<? extends T, ?> work = inheritance == null ? body : inheritance.<T>bind(body);
    PromiseChild<T> child = new PromiseChild<>(this, work, result, promise, canceler);
    Headroom.requireToHold();
    enter();
    try {
      if (!computation.tryAttach(canceler)) {
        requireRunning();
      }
      Fiber.spawnIn(home, fiber, child);
    } catch (Throwable refused) {
      leave(canceler);
      throw refused;
    }
    return promise;
  }

  private Fiber newFiber(Computation<?> of, boolean inFlock) {
    Fiber fiber = new Fiber(of);
    if (inFlock) {
      Flock.enter(fiber, this);
    }
    return fiber;
  }

  private void requireRunning() {
    Throwable reason = computation.cancelReason();
    if (reason == null) {
      return;
    }
    Fiber fiber = Fiber.current();
    if (fiber.computation().cancelReason() == reason) {
      throw ComputationException.unchecked(reason);
    }
    fiber.check();
    throw new ScopeStoppedException(nameOfScope(), reason);
  }

  /**
   * Stops this bundle: cancels its fibers and its main body with a {@link TerminateException}, and
   * does not wait for them. Does nothing if the bundle is stopped already. Not cancelable.
   */
  public void terminate() {
    computation.tryComplete(termination());
  }

  private static Outcome<@Nullable Void> termination() {
    try {
      return new Outcome.Canceled<>(new TerminateException());
    } catch (OutOfMemoryError full) {
      return STOPPED_WITHOUT_MEMORY;
    }
  }

  /** As {@link #terminate()}, with {@code reason} as the reason. */
  public void terminate(TerminateException reason) {
    computation.tryCancel(reason);
  }

  /**
   * Sets a timeout: once {@code delay} has passed, this bundle is stopped, which is an error. What
   * the timeout cuts short throws a {@link TimeoutException}, inside a {@link
   * ComputationException}, and so does {@link #run} or {@link #call} in the end. If nothing was cut
   * short, nothing is thrown. If the bundle is stopped or left earlier, the timeout is removed.
   *
   * <p>Cancelation: throws the reason if the calling fiber is canceled, and sets no timeout.
   *
   * @throws IllegalArgumentException if {@code delay} is negative
   */
  public void timeoutAfter(Duration delay) {
    computation.cancelAfter(delay, new ElapsedException(delay));
  }

  /**
   * Reports {@code error} as an error of this bundle: stops it, supervised or not, and lets the
   * error come out of {@link #run} or {@link #call}. Does nothing if {@code error} is what the
   * bundle has been terminated with, since that is no error. Not cancelable.
   *
   * @throws IllegalStateException if the scope has been left
   */
  public void error(Throwable error) {
    Objects.requireNonNull(error, "error");
    Failure place = new Failure();
    Headroom.requireForScope();
    enter();
    try {
      Throwable failure = failureIn(error, computation);
      if (failure != null) {
        record(place, failure);
        stop();
      }
    } finally {
      leave();
    }
  }

  /** Whether this bundle has neither been stopped nor left. */
  boolean isRunning() {
    return computation.isRunning();
  }

  /** The reason that this bundle, which is not running, has been stopped with. */
  Throwable reason() {
    return Objects.requireNonNull(computation.cancelReason());
  }

  /** Deals with {@code thrown}, with which a fiber has ended that has the bundle's computation. */
  void fail(Failure place, Throwable thrown) {
    Throwable failure = failureIn(thrown, computation);
    if (failure == null) {
      return;
    }
    if (isForSupervisor(failure)) {
      supervise(place, failure);
    } else {
      record(place, failure);
      stop();
    }
  }

  /** Whether {@code thrown} is a fiber's own failure, and there is a supervisor to take it. */
  boolean isForSupervisor(Throwable thrown) {
    return supervisor != null && !isOwnReason(thrown);
  }

  private boolean isOwnReason(Throwable thrown) {
    return unwrapped(thrown) == computation.cancelReason();
  }

  void supervise(Failure place, Throwable thrown) {
    // A promise's own computation has been completed with the failure by now.
    Fiber.current().setComputation(computation);
    try {
      Objects.requireNonNull(supervisor).run(thrown);
    } catch (Throwable bySupervisor) {
      // If the supervisor was cut short, the failure is still to be reported.
      record(place, isOwnReason(bySupervisor) ? thrown : bySupervisor);
      stop();
    }
  }

  /**
   * The failure in {@code thrown}, with which a fiber under {@code own} has ended: {@code null} if
   * {@code thrown} is a stop. If an inner scope has collected several errors, each of which may be
   * about the stop of another scope, this is what is left without stops.
   */
  @Nullable Throwable failureIn(Throwable thrown, Computation<?> own) {
    try {
      return failureAmong(thrown, own);
    } catch (OutOfMemoryError full) {
      return thrown; // with all that it has collected
    }
  }

  private @Nullable Throwable failureAmong(Throwable thrown, Computation<?> own) {
    if (isStop(thrown, own)) {
      return failureBeside(thrown);
    }
    if (!(thrown instanceof ErrorsException collected) || collected.hidesFailure()) {
      return thrown;
    }
    List<Throwable> failures = new ArrayList<>();
    for (Throwable error : collected.errors()) {
      Throwable failure = failureAmong(error, own);
      if (failure != null) {
        failures.add(failure);
      }
    }
    if (failures.equals(collected.errors())) {
      return thrown;
    }
    return failures.isEmpty() ? null : oneOrAll(failures);
  }

  /** Whether {@code thrown} says that a fiber under {@code own} was stopped, and nothing else. */
  private boolean isStop(Throwable thrown, Computation<?> own) {
    Throwable reason = unwrapped(thrown);
    return reason instanceof TerminateException
        && (reason == own.cancelReason() || reason == computation.cancelReason());
  }

  /** Keeps what a fiber threw. */
  void record(Failure place, Throwable thrown) {
    place.error = thrown;
    Failure latest;
    do {
      Point.before(this, Point.Kind.READ);
      latest = (Failure) ERRORS.getAcquire(this);
      place.earlier = latest;
      Point.before(this, Point.Kind.UPDATE);
    } while (!ERRORS.compareAndSet(this, latest, place));
  }

  /** Stops the bundle; what a trigger throws on that occasion becomes an error. */
  void stop() {
    complete(termination());
  }

  private void complete(Outcome<@Nullable Void> outcome) {
    try {
      computation.tryComplete(outcome);
    } catch (Throwable byListener) {
      if (computation.isRunning()) {
        throw byListener;
      }
      recordLate(byListener);
    }
  }

  /** Keeps what has gone wrong while something else was being dealt with. */
  private void recordLate(Throwable thrown) {
    try {
      record(new Failure(), thrown);
    } catch (OutOfMemoryError full) {
      // What comes after this matters more.
    }
  }

  /** As {@link #fail(Failure, Throwable)}, without a place that was made before. */
  void failLate(Throwable thrown) {
    Failure place;
    try {
      place = new Failure();
    } catch (OutOfMemoryError full) {
      stop();
      return;
    }
    fail(place, thrown);
  }

  private void enter() {
    for (; ; ) {
      Point.before(this, Point.Kind.READ);
      int before = (int) COUNT.getAcquire(this);
      if (before == 0) {
        throw new IllegalStateException("already completed: " + nameOfScope() + " has been left");
      }
      Point.before(this, Point.Kind.UPDATE);
      if (COUNT.compareAndSet(this, before, before + 1)) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  /** Uncounts the caller, which must not use anything of the bundle after that. */
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

  /**
   * Leaves the scope in the main fiber, whose body threw {@code thrown} if that is not null;
   * returns what to throw instead of {@code thrown}.
   */
  private @Nullable Throwable join(Enclosure enclosure, @Nullable Throwable thrown) {
    enclosure.beginLeaving();
    Throwable end = thrown;
    try {
      if (thrown != null) {
        end = explained(enclosure, thrown);
        Throwable failure = failureIn(end, computation);
        if (failure != null) {
          record(ofMainBody, failure);
          stop();
        }
      }
    } finally {
      try {
        if (!uncount()) {
          Throwable none = finished.await();
          assert none == null : "canceled although it is forbidden";
        }
      } finally {
        enclosure.leave();
      }
    }
    complete(LEFT); // which removes what still listens, such as timeouts
    return end;
  }

  private static Throwable explained(Enclosure enclosure, Throwable thrown) {
    try {
      return enclosure.explained(thrown);
    } catch (OutOfMemoryError full) {
      return thrown;
    }
  }

  /** The one error, or all of them in an {@link ErrorsException}. */
  private @Nullable Throwable collectedError() {
    Point.before(this, Point.Kind.READ);
    Failure latest = (Failure) ERRORS.getAcquire(this);
    if (latest == null) {
      return null;
    }
    if (latest.earlier == null) { // which takes no memory
      return withoutNeedlessWrapper(Objects.requireNonNull(latest.error));
    }
    List<Throwable> errors = new ArrayList<>();
    for (Failure place = latest; place != null; place = place.earlier) {
      errors.add(Objects.requireNonNull(place.error));
    }
    Collections.reverse(errors);
    return oneOrAll(errors);
  }

  /**
   * Returns the only one of {@code errors}, or an {@link ErrorsException} of the different ones.
   */
  static Throwable oneOrAll(List<Throwable> errors) {
    List<Throwable> different = new ArrayList<>();
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Throwable error : errors) {
      if (seen.add(unwrapped(error)) || hidesFailure(error)) {
        different.add(withoutNeedlessWrapper(error));
      }
    }
    return different.size() == 1 ? different.get(0) : new ErrorsException(different);
  }

  /** A wrapper that suppresses a failure is not needless. */
  private static Throwable withoutNeedlessWrapper(Throwable thrown) {
    return thrown instanceof ComputationException && !hidesFailure(thrown)
        ? unwrapped(thrown)
        : thrown;
  }

  /** Whether {@code thrown} suppresses anything but stops and what it is about itself. */
  static boolean hidesFailure(Throwable thrown) {
    return failureBeside(thrown) != null;
  }

  /**
   * What went wrong on the way of {@code thrown}, for example when a resource was closed: the only
   * such failure that it suppresses, {@code thrown} itself if there are several, or {@code null} if
   * there is none.
   */
  private static @Nullable Throwable failureBeside(Throwable thrown) {
    Throwable only = null;
    for (Throwable suppressed : thrown.getSuppressed()) {
      if (!(suppressed instanceof TerminateException)
          && unwrapped(suppressed) != unwrapped(thrown)) {
        if (only != null) {
          return thrown;
        }
        only = suppressed;
      }
    }
    return only;
  }

  /** What {@code thrown} is about; a reason may come in a new wrapper each time it is thrown. */
  static Throwable unwrapped(Throwable thrown) {
    boolean isWrapper = thrown instanceof ComputationException || thrown instanceof TellsOfCause;
    return isWrapper && thrown.getCause() != null ? thrown.getCause() : thrown;
  }

  /** Shows how many fibers are at work, for people. */
  @Override
  public String toString() {
    int live = (int) COUNT.getAcquire(this);
    return "Bundle["
        + (name == null ? "" : name + ": ")
        + (live == 0 ? "left" : (isRunning() ? "running, " : "stopped, ") + live + " at work")
        + "]";
  }
}
