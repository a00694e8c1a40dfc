package dev.picos.core;

import dev.picos.core.internal.OnCompletion;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A one-shot signal that one fiber awaits.
 *
 * <p>To wait for something, a fiber makes a trigger, puts it where others will find it, checks that
 * what it waits for has not happened meanwhile, and awaits. Whoever makes it happen signals:
 *
 * {@snippet :
 * Trigger trigger = new Trigger();
 * waiters.add(trigger);
 * if (!condition()) {
 *   Throwable reason = trigger.await();
 *   if (reason != null) {
 *     waiters.remove(trigger); // and look again: the trigger may have been signaled as well
 *     throw ComputationException.unchecked(reason);
 *   }
 * }
 * }
 *
 * <p>Cancelation never throws out of {@link #await}: it is the result, so that there is one place
 * to clean up and no way to miss it. A signal carries no value and gives the signaler no answer;
 * both belong in the shared state that the trigger stands for.
 *
 * <p>Only the fiber that made a trigger awaits it, and at most once; any thread may signal, any
 * number of times, with or without a scheduler. What happened before {@link #signal} happens before
 * the return of the {@code await} that it ends, and before any {@link #isSignaled} that returns
 * {@code true}.
 *
 * <p>Progress: every operation but {@code await} is wait-free; {@code signal} also runs the
 * attached action. Space: one reference, and a signaled trigger refers to nothing.
 */
public final class Trigger {
  // For maintainers.
  //
  //   state             on signal              on onSignal              on dispose
  //   INITIAL (null)    -> SIGNALED            -> AWAITING              -> SIGNALED
  //   AWAITING (action) -> SIGNALED, run it    IllegalStateException    IllegalStateException
  //   SIGNALED          no-op                  false                    no-op
  //
  // Invariant: SIGNALED is final. The action runs at most once: by the thread whose exchange took
  // the action out, after that exchange. The exchange replaces whatever it finds, so no
  // operation loops.
  //
  // An action is kept with its arguments as a Bound, which is an action itself; one whose arguments
  // are null is kept as it is. So a scheduler whose action is an object that it has anyway suspends
  // a fiber without a further object.
  //
  // Ordering: the exchange and the compare-and-set are volatile, which orders the action's fields,
  // what the signaler did before, and what the awaiter does after. The read ahead of the exchange
  // only spares writing a cache line that already says SIGNALED; it is an acquire, like every poll,
  // so that a caller who sees SIGNALED also sees what the signaler did before.
  //
  // Whoever signals looks for stack before the exchange, but only after it has tried, in vain, to
  // signal a trigger without an action. So only those pay for the look who have somebody to wake.
  //
  // Difference from the original: dispose() reports an action that was attached concurrently
  // instead of ignoring it.

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Trigger.class, "state", Action.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final Action<@Nullable Object, @Nullable Object> SIGNALED = (trigger, x, y) -> {};
  private static final Trigger ALREADY_SIGNALED = new Trigger(SIGNALED);

  // What a first signal would load and link needs stack and memory, which may be at their end then.
  static {
    Handover.rehearse();
    new Trigger().signal();
    fromAction(null, null, SIGNALED).signal();
  }

  @SuppressWarnings("unused") // through STATE
  private volatile @Nullable Action<?, ?> state;

  /** Makes a trigger that is neither awaited nor signaled. */
  public Trigger() {}

  private Trigger(Action<?, ?> state) {
    STATE.set(this, state);
  }

  /** Returns a trigger that is signaled; always the same one. */
  public static Trigger signaled() {
    return ALREADY_SIGNALED;
  }

  /** What to do on a signal. */
  @FunctionalInterface
  public interface Action<X extends @Nullable Object, Y extends @Nullable Object> {
    /**
     * Runs in the thread that signals, whichever that is, perhaps with no scheduler at hand. Must
     * be quick, must not block or await, and should not throw: an exception comes out of the
     * operation that signaled.
     */
    void run(Trigger trigger, X x, Y y);
  }

  /** Returns whether this trigger has been signaled (or disposed of). Never throws. */
  public boolean isSignaled() {
    Point.before(this, Point.Kind.READ);
    return read() == SIGNALED;
  }

  /**
   * Suspends the calling fiber until this trigger is signaled or the fiber is canceled.
   *
   * <p>What is awaited need not have happened when this returns {@code null}: a trigger is also
   * signaled when the fiber's own computation returns. So look at the shared state, and wait with
   * another trigger if need be.
   *
   * <p>A trigger that is signaled already returns {@code null} at once, without a look at
   * cancelation and without a scheduler. When a signal and a cancelation meet, either may be
   * reported. However it returns, the trigger is signaled afterwards. Interrupts neither end the
   * wait nor are they lost: the thread's interrupt status is as before.
   *
   * <p>A fiber that finds no memory to wait with is treated as if it were canceled: this returns an
   * {@link OutOfMemoryError}, which the caller handles as any other reason. A scheduler may spare
   * its fibers that; to those that forbid cancelation it never happens.
   *
   * @return {@code null} when resumed by a signal, or else the reason that the fiber was canceled
   *     with; the caller then cleans up and throws it, with {@link ComputationException#unchecked}
   * @throws IllegalStateException if this trigger is being awaited or has an action attached
   */
  @CheckReturnValue
  public @Nullable Throwable await() {
    if (!isInitial()) {
      return null;
    }
    Handler handler;
    try {
      handler = Handlers.current();
    } catch (OutOfMemoryError full) { // in a plain thread that has not been a fiber before
      dispose();
      return full;
    }
    return handler.await(this);
  }

  /**
   * Signals: ends the await, or runs the attached action in the calling thread. Once signaled, a
   * trigger stays so, and signaling again does nothing. Not cancelable.
   *
   * <p>All or nothing: if this throws a {@link StackOverflowError} because the stack of the caller
   * is at its end, the trigger is as it was. If there is a little stack left, but not enough to
   * wake a fiber, another thread runs the action a moment later.
   */
  public void signal() {
    Point.before(this, Point.Kind.UPDATE);
    if (read() == SIGNALED || STATE.compareAndSet(this, (Action<?, ?>) null, SIGNALED)) {
      return; // without an action
    }
    Handover handover = Handover.ifNeeded();
    Action<?, ?> action = exchange();
    if (action == null) {
      return;
    }
    if (handover == null) {
      run(action);
    } else {
      handover.run(this, action);
    }
  }

  /**
   * Returns whether this trigger may still be awaited or given an action. For schedulers and for
   * those who build structure.
   *
   * @throws IllegalStateException if this trigger is being awaited or has an action attached
   */
  public boolean isInitial() {
    Point.before(this, Point.Kind.READ);
    Action<?, ?> before = read();
    if (before != null && before != SIGNALED) {
      throw alreadyAwaiting();
    }
    return before == null;
  }

  /**
   * Attaches the action that a signal will run with {@code x} and {@code y}. For schedulers and for
   * those who build structure.
   *
   * @return {@code true} if the action will run exactly once, on the signal; {@code false} if this
   *     trigger is signaled, and the action never runs
   * @throws IllegalStateException if this trigger is being awaited or has an action attached, which
   *     stays
   */
  @CheckReturnValue
  public <X extends @Nullable Object, Y extends @Nullable Object> boolean onSignal(
      X x, Y y, Action<? super X, ? super Y> action) {
    Objects.requireNonNull(action, "action");
    return isInitial() && tryKeep(bind(x, y, action));
  }

  /** As {@link #onSignal}, with what {@link #bind} has returned. Takes no memory. */
  boolean onSignal(Action<?, ?> bound) {
    return isInitial() && tryKeep(bound);
  }

  private boolean tryKeep(Action<?, ?> awaiting) {
    Point.before(this, Point.Kind.UPDATE);
    Action<?, ?> before =
        (Action<?, ?>) STATE.compareAndExchange(this, (Action<?, ?>) null, awaiting);
    if (before != null && before != SIGNALED) {
      throw alreadyAwaiting();
    }
    return before == null;
  }

  /**
   * Makes a trigger that already has its action attached. It can be signaled and asked whether it
   * is; everything else throws {@link IllegalStateException}. For those who build structure.
   */
  public static <X extends @Nullable Object, Y extends @Nullable Object> Trigger fromAction(
      X x, Y y, Action<? super X, ? super Y> action) {
    return new Trigger(bind(x, y, Objects.requireNonNull(action, "action")));
  }

  /**
   * Gives up a trigger that will not be awaited: signals it, knowing that there is no action. For
   * schedulers and for those who build structure.
   *
   * @throws IllegalStateException if this trigger is being awaited or has an action attached
   */
  public void dispose() {
    Point.before(this, Point.Kind.UPDATE);
    Action<?, ?> before =
        (Action<?, ?>) STATE.compareAndExchange(this, (Action<?, ?>) null, SIGNALED);
    if (before != null && before != SIGNALED) {
      throw alreadyAwaiting();
    }
  }

  /**
   * Signals without running the action.
   *
   * @return what to {@link #run}, when this call is the one that has to
   */
  @Nullable Action<?, ?> take() {
    Point.before(this, Point.Kind.UPDATE);
    return read() == SIGNALED ? null : exchange();
  }

  /**
   * Signals without running the action, if the action would do nothing because {@code attachedTo}
   * is still running.
   *
   * @return whether this call did it
   */
  boolean tryDrop(Computation<?> attachedTo) {
    Point.before(this, Point.Kind.UPDATE);
    return read() instanceof Bound<?, ?> bound
        && bound.action() instanceof OnCompletion
        && (bound.x() == attachedTo || bound.y() == attachedTo)
        && exchange() != null;
  }

  private @Nullable Action<?, ?> exchange() {
    Action<?, ?> before = (Action<?, ?>) STATE.getAndSet(this, SIGNALED);
    return before == SIGNALED ? null : before;
  }

  /** Runs an action as it was kept. */
  @SuppressWarnings(
      "unchecked") // either it ignores its arguments or nulls are what it was attached with
  void run(Action<?, ?> action) {
    ((Action<@Nullable Object, @Nullable Object>) action).run(this, null, null);
  }

  /** Returns {@code action} as a trigger keeps it. */
  static <X extends @Nullable Object, Y extends @Nullable Object> Action<?, ?> bind(
      X x, Y y, Action<? super X, ? super Y> action) {
    return x == null && y == null ? action : new Bound<X, Y>(x, y, action);
  }

  private @Nullable Action<?, ?> read() {
    return (Action<?, ?>) STATE.getAcquire(this);
  }

  private static IllegalStateException alreadyAwaiting() {
    return new IllegalStateException("already awaiting: a trigger is awaited once, by one fiber");
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    Action<?, ?> now = read();
    return "Trigger[" + (now == null ? "initial" : now == SIGNALED ? "signaled" : "awaiting") + "]";
  }

  /** An action and what to run it with. */
  record Bound<X extends @Nullable Object, Y extends @Nullable Object>(
      X x, Y y, Action<? super X, ? super Y> action)
      implements Action<@Nullable Object, @Nullable Object> {
    @Override
    public void run(Trigger trigger, @Nullable Object none, @Nullable Object nothing) {
      action.run(trigger, x, y);
    }
  }
}
