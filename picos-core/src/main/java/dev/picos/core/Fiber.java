package dev.picos.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An independent thread of execution, and what it carries: the {@link Computation} that cancels it,
 * whether cancelation reaches it at present, and its {@linkplain FiberLocal locals}.
 *
 * <p>A fiber <em>is canceled</em> when its computation is canceled and it does not {@linkplain
 * #forbid forbid} cancelation. Cancelation is delivered by the operations that say so, and nowhere
 * else: {@link #yield}, {@link #sleep}, {@link #spawn}, {@link #check}, {@link Trigger#await} (as a
 * result), {@link Computation#await}, {@link Computation#join} and {@link Computation#cancelAfter}.
 *
 * {@snippet :
 * Computation<Integer> promise = new Computation<>();
 * Fiber fiber = new Fiber(promise, false);
 * Fiber.spawn(fiber, self -> promise.tryCapture(() -> compute()));
 * promise.tryCancel(new TimeoutException()); // asks the fiber to stop at its next such operation
 * }
 *
 * <p>Neither which fiber runs next nor which carrier thread runs it is promised by this class; both
 * are the scheduler's affair, and may differ after any operation. Interrupts are not cancelation:
 * they wake no operation of this package and stay for the next JDK call that looks at them.
 *
 * <p>A fiber belongs to itself. Only {@link #computation} and identity may be used from elsewhere,
 * except by its scheduler while it handles one of its operations, and by its creator before the
 * fiber is spawned.
 */
public final class Fiber {
  private static final Exception SLEPT =
      new Exception("slept long enough", null, false, false) {
        private static final long serialVersionUID = 1L;
      };

  private static final VarHandle COMPUTATION;

  static {
    try {
      COMPUTATION =
          MethodHandles.lookup().findVarHandle(Fiber.class, "computation", Computation.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Written by the fiber itself, or by its creator before it is spawned; spawning publishes. While
  // the fiber is suspended its scheduler may read them in other threads, and resuming it orders
  // those reads before what the fiber does next. So all of these are plain.
  //
  // Except that anyone may ask for the computation at any time: what the fiber writes is a release,
  // and what others read an acquire. Else they might see a computation that has just been made, and
  // not yet the state that it was made with; to cancel it would seem to come too late.
  private Computation<?> computation;
  private boolean forbid;
  private boolean spawned;
  @Nullable Object @Nullable [] locals;

  /**
   * Makes a fiber to be spawned once, with no locals.
   *
   * @param computation what cancels the fiber
   * @param forbid whether it starts with cancelation forbidden
   */
  public Fiber(Computation<?> computation, boolean forbid) {
    this.computation = Objects.requireNonNull(computation, "computation");
    this.forbid = forbid;
  }

  /** Returns the fiber that calls; always the same one in a fiber. Never throws. */
  public static Fiber current() {
    return Handlers.current().current();
  }

  /**
   * Lets other fibers that are ready run first. A fiber that is canceled before it continues throws
   * its reason.
   */
  public static void yield() {
    Handlers.current().yield();
  }

  /**
   * Suspends the calling fiber for at least {@code duration}, by a monotonic clock. A fiber that is
   * canceled before or while it sleeps throws its reason, and no timeout is left behind.
   *
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public static void sleep(Duration duration) {
    Computation<@Nullable Void> alarm = new Computation<>(Computation.Mode.LIFO);
    alarm.cancelAfter(duration, SLEPT);
    try {
      alarm.join();
    } finally {
      alarm.tryReturn(null);
    }
  }

  /**
   * Starts {@code main} as {@code fiber}.
   *
   * <p>All or nothing: a calling fiber that is canceled throws its reason and nothing is started;
   * after a normal return {@code main} will be called, even if {@code fiber} itself is canceled
   * before it starts. What the caller did before happens before {@code main}.
   *
   * <p>{@code main} must not throw: an exception that leaves it is a fatal error that stops the
   * scheduler, see {@link FatalFiberError}. Have it complete a computation instead, with {@link
   * Computation#tryCapture}.
   *
   * @throws IllegalStateException if {@code fiber} has been spawned before
   */
  public static void spawn(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(main, "main");
    if (fiber.spawned) {
      throw new IllegalStateException("already spawned: a fiber is started once");
    }
    fiber.spawned = true;
    try {
      Handlers.current().spawn(fiber, main);
    } catch (Throwable refused) {
      fiber.spawned = false;
      throw refused;
    }
  }

  /**
   * Returns a number from 0 to {@code bound - 1} by chance, each as likely as the others. For
   * libraries that have to decide between equals: with a scheduler whose runs can be repeated, they
   * decide the same again. Not for what nobody must be able to guess. Never suspends, and works in
   * a canceled fiber.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public static int random(int bound) {
    return Handlers.current().random(bound);
  }

  /** Returns the computation that this fiber is associated with at present. */
  public Computation<?> computation() {
    return (Computation<?>) COMPUTATION.getAcquire(this);
  }

  /** Associates this fiber with {@code computation} from now on. For the fiber itself. */
  public void setComputation(Computation<?> computation) {
    COMPUTATION.setRelease(
        this, (Computation<?>) Objects.requireNonNull(computation, "computation"));
  }

  /** Returns whether this fiber forbids cancelation at present. */
  public boolean hasForbidden() {
    return forbid;
  }

  /** Sets whether this fiber forbids cancelation, and returns whether it did. */
  public boolean exchangeForbid(boolean forbid) {
    boolean before = this.forbid;
    this.forbid = forbid;
    return before;
  }

  /** Sets whether this fiber forbids cancelation. */
  public void setForbid(boolean forbid) {
    this.forbid = forbid;
  }

  /**
   * Runs {@code body} with cancelation forbidden, and then restores what was. For the fiber itself.
   * Not a count: {@link #permit} within it permits.
   */
  public <T extends @Nullable Object, E extends Exception> T forbid(Body<? extends T, E> body)
      throws E {
    return with(true, body);
  }

  /** Runs {@code block} with cancelation forbidden, and then restores what was. */
  public <E extends Exception> void forbid(Block<E> block) throws E {
    with(true, block);
  }

  /**
   * Runs {@code body} with cancelation permitted, and then restores what was. For the fiber itself.
   */
  public <T extends @Nullable Object, E extends Exception> T permit(Body<? extends T, E> body)
      throws E {
    return with(false, body);
  }

  /** Runs {@code block} with cancelation permitted, and then restores what was. */
  public <E extends Exception> void permit(Block<E> block) throws E {
    with(false, block);
  }

  private <T extends @Nullable Object, E extends Exception> T with(
      boolean forbidden, Body<? extends T, E> body) throws E {
    boolean before = exchangeForbid(forbidden);
    try {
      return body.run();
    } finally {
      forbid = before;
    }
  }

  private <E extends Exception> void with(boolean forbidden, Block<E> block) throws E {
    boolean before = exchangeForbid(forbidden);
    try {
      block.run();
    } finally {
      forbid = before;
    }
  }

  /** Returns whether this fiber is canceled; {@code false} while it forbids cancelation. */
  public boolean isCanceled() {
    return !forbid && computation.isCanceled();
  }

  /** Returns the reason this fiber is canceled with; {@code null} while it forbids cancelation. */
  public @Nullable Throwable cancelReason() {
    return forbid ? null : computation.cancelReason();
  }

  /** Throws the reason if this fiber is canceled; does nothing while it forbids cancelation. */
  public void check() {
    if (!forbid) {
      computation.check();
    }
  }

  /**
   * For schedulers, in {@link Handler#await}: arranges that {@code resume} is run when {@code
   * trigger} is signaled, and, unless this fiber forbids cancelation, that the cancelation of its
   * computation signals the trigger.
   *
   * @return {@code true} if {@code resume} will run exactly once, in any thread and perhaps before
   *     this returns; whoever then continues the fiber calls {@link #unsuspend} once. {@code false}
   *     if the trigger is signaled and the fiber is to continue at once
   * @throws IllegalStateException if the trigger is being awaited or has an action attached
   */
  @CheckReturnValue
  public <X extends @Nullable Object, Y extends @Nullable Object> boolean trySuspend(
      Trigger trigger, X x, Y y, Trigger.Action<? super X, ? super Y> resume) {
    if (forbid) {
      return trigger.onSignal(x, y, resume);
    }
    if (trigger.isInitial() && computation.tryAttach(trigger)) {
      if (trigger.onSignal(x, y, resume)) {
        return true;
      }
      computation.release(trigger);
      return false;
    }
    if (computation.isCanceled()) {
      trigger.dispose();
      return false;
    }
    return trigger.onSignal(x, y, resume);
  }

  /**
   * For schedulers: gives up what {@link #trySuspend} arranged, once, after the trigger was
   * signaled and before the fiber continues.
   *
   * @return whether the fiber is not canceled; one that is may be continued ahead of others
   * @throws IllegalStateException if the trigger is not signaled
   */
  public boolean unsuspend(Trigger trigger) {
    if (!trigger.isSignaled()) {
      throw new IllegalStateException("not signaled: " + trigger);
    }
    if (forbid) {
      return true;
    }
    computation.release(trigger);
    return !computation.isCanceled();
  }
}
