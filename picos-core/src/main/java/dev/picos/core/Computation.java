package dev.picos.core;

import dev.picos.core.internal.OnCompletion;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * A cell that is completed once, with a value or with the reason of a cancelation, and that fibers
 * can wait for.
 *
 * <p>It plays two parts. As a promise it is what {@link #await} waits for. As the thing that can be
 * canceled it is what every {@link Fiber} is associated with: canceling a fiber's computation
 * cancels the fiber, one computation may be shared by many fibers, and a fiber may change its
 * computation over time, which is how scopes are built.
 *
 * {@snippet :
 * Computation<Integer> answer = new Computation<>();
 * Fiber.spawn(new Fiber(answer), fiber -> answer.tryCapture(() -> 6 * 7));
 * int value = answer.await();
 * }
 *
 * <p>Anyone may complete a computation, from any thread, with or without a scheduler; the first one
 * wins and the others learn that they lost. A completion signals the attached triggers before it
 * returns, even when memory runs out: if it throws an {@link OutOfMemoryError} or {@link
 * StackOverflowError} of its own, it has changed nothing. Only where the stack of the caller is
 * almost at its end, another thread signals the triggers a moment later. There is no hierarchy:
 * cancelation passes from one computation to another only where a {@link #canceler} is attached,
 * and nothing is ever canceled implicitly.
 *
 * <p>Reasons: a computation may be canceled with any {@link Throwable}. {@link #cancelReason} and
 * {@link #peek} return that very object. Where an operation throws the reason, an unchecked one is
 * thrown as it is, and a checked one is carried by a {@link ComputationException}.
 *
 * <p>What happened before a completion happens before every operation that sees it: the return of
 * {@link #await} or {@link #join}, a {@link #peek} that is not {@code null}, a poll that says so,
 * and an operation that fails because of it.
 *
 * <p>Progress: polls are wait-free; completing, attaching and detaching are lock-free. Completion
 * takes time linear in the attached triggers, attaching and detaching amortised constant time.
 * Space: a running computation holds at most about twice the triggers that are attached; a
 * completed one refers to its outcome alone.
 *
 * @param <T> what it returns
 */
public final class Computation<T extends @Nullable Object> {
  // For maintainers.
  //
  //   state              tryReturn, tryCancel     tryAttach, detach     a transaction adds it
  //   Bag (running)      -> Outcome, signal all   -> Bag                -> Tentative
  //   Tentative, and its transaction is
  //     started          abort it, retry          abort it, retry       abort it, retry
  //     aborted          -> the Bag, retry        -> the Bag, retry     -> the Bag, retry
  //     committed        false                    false, no-op          false
  //   Outcome            false                    false, no-op          false
  //
  // Invariants: an Outcome is final. A Tentative counts as its outcome exactly when its
  // transaction's state says committed, and as running otherwise; that one word decides for all
  // computations of the transaction at once, and no reader looks at anything else. Every trigger of
  // the Bag that an Outcome replaced is signaled by whoever made that replacement (for a
  // transaction, by its owner in tryCommit), so a trigger that was attached is signaled exactly
  // when the computation completes. Whatever a completion needs is allocated before it changes
  // anything, and one with null needs no memory at all. So a library whose count has come to 0, or
  // whose state has become final, can always announce that by a completion.
  //
  // A Bag comes back when a transaction is rolled back. That is no ABA problem: bags are immutable,
  // so whoever swaps against a bag swaps against exactly the triggers that it holds.
  //
  // Ordering: all changes are volatile compare-and-sets. Reads are acquires: they need to see what
  // the completer did before, and nothing more is asked of them, as a decision is always made by a
  // compare-and-set that follows. Rejected: plain polls, since a loop on isRunning() might never
  // end.
  //
  // Differences from the original: the commit of a transaction is visible at once (there in two
  // steps); completion follows cancelers without recursion; an action that throws does not keep
  // later triggers from being signaled; the newest trigger leaves the bag at once.

  /** The order in which the triggers attached to a computation are signaled. */
  public enum Mode {
    /**
     * In the order in which they were attached: better latency for those who have waited longest. A
     * completion that finds no memory for this uses the reverse order.
     */
    FIFO,
    /** In the reverse order: better throughput where the latest is still in the caches. */
    LIFO
  }

  /** The action of a canceler; {@link Cascade} knows it, to follow it without recursion. */
  static final OnCompletion<Computation<?>, Computation<?>> CANCELER =
      (trigger, from, into) -> {
        Bag triggers = into.copyCancelationOf(from);
        if (triggers != null) {
          Cascade.signal(triggers);
        }
      };

  private static final Outcome<?> RETURNED_NULL = new Outcome.Returned<@Nullable Void>(null);

  private static final Outcome<?> NO_MEMORY =
      new Outcome.Canceled<>(
          new OutOfMemoryError("no memory for the outcome") {
            private static final long serialVersionUID = 1L;

            @Override
            public synchronized Throwable fillInStackTrace() {
              return this; // a trace would keep the classes of the first user for ever
            }
          });

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Computation.class, "state", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A {@link Bag}, a {@link Tentative} or an {@link Outcome}. */
  @SuppressWarnings("unused") // read and changed through STATE
  private volatile Object state;

  /** A completion that a transaction has made but perhaps not committed. */
  record Tentative(Transaction transaction, Bag before, Outcome<?> after) {}

  /** Makes a running computation that signals in FIFO order. */
  public Computation() {
    this(Mode.FIFO);
  }

  /** Makes a running computation that signals in the order of {@code mode}. */
  public Computation(Mode mode) {
    this(Bag.empty(Objects.requireNonNull(mode, "mode")));
  }

  private Computation(Object state) {
    this.state = state;
  }

  /** Makes a computation that has returned {@code value}. */
  public static <T extends @Nullable Object> Computation<T> returned(T value) {
    return new Computation<>(new Outcome.Returned<>(value));
  }

  /**
   * Makes a running computation whose completion runs {@code action}, in the completing thread.
   *
   * @see Trigger#fromAction
   */
  public static <T extends @Nullable Object, X extends @Nullable Object, Y extends @Nullable Object>
      Computation<T> withAction(Mode mode, X x, Y y, Trigger.Action<? super X, ? super Y> action) {
    Bag empty = Bag.empty(Objects.requireNonNull(mode, "mode"));
    return new Computation<>(empty.plus(Trigger.fromAction(x, y, action)));
  }

  /**
   * Completes this computation with {@code value} and signals the attached triggers. Not
   * cancelable. With {@code null} it needs no memory.
   *
   * @return whether this call completed it
   */
  public boolean tryReturn(T value) {
    return tryCompleteWith(outcomeOf(value));
  }

  private static Outcome<?> outcomeOf(@Nullable Object value) {
    return value == null ? RETURNED_NULL : new Outcome.Returned<>(value);
  }

  /**
   * Cancels this computation with {@code reason} and signals the attached triggers, and those of
   * all computations that cancelers lead to, before it returns. Not cancelable itself. If actions
   * of triggers throw, the others run all the same, and then the first exception is thrown, with
   * the rest suppressed; the computation is completed then as well.
   *
   * @return whether this call completed it
   */
  public boolean tryCancel(Throwable reason) {
    return tryCompleteWith(new Outcome.Canceled<>(reason));
  }

  /**
   * Runs {@code body} in the calling fiber, even if this computation is completed already, and
   * completes it with what {@code body} returns or throws.
   *
   * <p>Throws nothing, and so may be all that the main of a fiber does. If actions of triggers
   * throw, that is no concern of the fiber: the uncaught-exception handler of the thread is told.
   * If there is no memory for the outcome, the computation is canceled with an {@link
   * OutOfMemoryError}.
   *
   * @return whether this call completed it
   */
  public boolean tryCapture(Callable<? extends T> body) {
    Objects.requireNonNull(body, "body");
    Bag triggers = complete(captured(body));
    if (triggers == null) {
      return false;
    }
    Throwable thrown = Cascade.signal(triggers, null);
    if (thrown != null) {
      Cascade.reportUncaught(thrown);
    }
    return true;
  }

  private static Outcome<?> captured(Callable<?> body) {
    try {
      try {
        return outcomeOf(body.call());
      } catch (Throwable thrown) {
        return new Outcome.Canceled<>(thrown);
      }
    } catch (OutOfMemoryError full) {
      return NO_MEMORY;
    }
  }

  /**
   * Arranges that this computation is canceled with {@code reason} once {@code delay} has passed,
   * unless it is completed before that; then the timeout is removed at once and holds nothing. The
   * delay is measured by a monotonic clock, and the cancelation is never early. A delay of more
   * than 292 years counts as 292 years.
   *
   * <p>If the calling fiber is canceled, this throws the fiber's reason and sets no timeout.
   *
   * @throws IllegalArgumentException if {@code delay} is negative
   */
  public void cancelAfter(Duration delay, Throwable reason) {
    Objects.requireNonNull(reason, "reason");
    if (delay.isNegative()) {
      throw new IllegalArgumentException("delay must not be negative: " + delay);
    }
    Handlers.current().cancelAfter(this, delay, reason);
  }

  /** Returns whether this computation is not completed yet. */
  public boolean isRunning() {
    return outcome() == null;
  }

  /** Returns whether this computation was canceled. */
  public boolean isCanceled() {
    return outcome() instanceof Outcome.Canceled<?>;
  }

  /** Returns the very object that this computation was canceled with, or {@code null}. */
  public @Nullable Throwable cancelReason() {
    return outcome() instanceof Outcome.Canceled<?> canceled ? canceled.reason() : null;
  }

  /** Throws the reason if this computation was canceled. */
  public void check() {
    if (outcome() instanceof Outcome.Canceled<?> canceled) {
      throw ComputationException.unchecked(canceled.reason());
    }
  }

  /** Returns how this computation was completed, or {@code null} while it is running. */
  public @Nullable Outcome<T> peek() {
    return outcome();
  }

  /**
   * Arranges that {@code trigger} is signaled when this computation completes. The same trigger
   * attached twice is held twice.
   *
   * @return {@code false} if this computation is completed or the trigger signaled; neither is
   *     changed then
   */
  @CheckReturnValue
  public boolean tryAttach(Trigger trigger) {
    Objects.requireNonNull(trigger, "trigger");
    for (; ; ) {
      Bag bag = bag();
      if (bag == null || trigger.isSignaled()) {
        return false;
      }
      if (swap(bag, bag.plus(trigger))) {
        return true;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Signals {@code trigger}, which runs its action if it has one, and gives up its place here. On a
   * completed computation this only signals.
   */
  public void detach(Trigger trigger) {
    try {
      // If this completes in between, the trigger was detached before.
      if (!isRunning() || !trigger.tryDrop(this)) {
        trigger.signal();
      }
    } finally {
      release(trigger);
    }
  }

  /** Gives up the place of a trigger that has been signaled. */
  void release(Trigger trigger) {
    try {
      for (; ; ) {
        Bag bag = bag();
        if (bag == null || swap(bag, bag.minus(trigger))) {
          return;
        }
        Thread.onSpinWait();
      }
    } catch (OutOfMemoryError full) {
      // The trigger keeps its place for a while, as garbage that nobody counts. If this failed, a
      // wait that has ended would become one whose end nobody is told of.
    }
  }

  /**
   * Waits until this computation is completed, and returns its value or throws the reason that it
   * was canceled with. If it is completed already, this does so whether or not the fiber is
   * canceled. Otherwise, a fiber that is canceled before or while it waits stops waiting and throws
   * its own reason.
   */
  public T await() {
    Outcome<T> outcome = outcome();
    if (outcome == null) {
      suspend();
      outcome = Objects.requireNonNull(outcome(), "resumed without a signal");
    }
    return switch (outcome) {
      case Outcome.Returned<T> returned -> returned.value();
      case Outcome.Canceled<T> canceled -> throw ComputationException.unchecked(canceled.reason());
    };
  }

  /**
   * Waits until this computation is completed, in whatever way. A fiber that is canceled before or
   * while it waits stops waiting and throws its own reason.
   */
  public void join() {
    if (outcome() == null) {
      suspend();
    }
  }

  private void suspend() {
    // More than once if the fiber's own computation returns meanwhile, which signals the trigger
    // too.
    while (outcome() == null) {
      Trigger trigger = new Trigger();
      if (tryAttach(trigger)) {
        Throwable reason = trigger.await();
        release(trigger);
        if (reason != null) {
          throw ComputationException.unchecked(reason);
        }
      }
    }
  }

  /**
   * Makes a trigger that, once signaled, cancels {@code into} with the reason of {@code from} if
   * {@code from} is canceled by then. It is attached to nothing.
   */
  public static Trigger canceler(Computation<?> from, Computation<?> into) {
    return Trigger.<Computation<?>, Computation<?>>fromAction(
        Objects.requireNonNull(from, "from"), Objects.requireNonNull(into, "into"), CANCELER);
  }

  /**
   * Arranges that {@code into} is canceled when {@code from} is, with the same reason, until the
   * returned trigger is {@linkplain #detach detached} from {@code from}. If {@code from} is
   * canceled already, its reason is thrown and {@code into} left as it is.
   *
   * @throws IllegalStateException if {@code from} has returned
   */
  public static Trigger attachCanceler(Computation<?> from, Computation<?> into) {
    Trigger canceler = canceler(from, into);
    if (!from.tryAttach(canceler)) {
      from.check();
      throw new IllegalStateException("already returned: " + from);
    }
    return canceler;
  }

  /** Does what a canceler does, all but signaling the triggers, which it returns. */
  static @Nullable Bag copyCancelation(Trigger.Bound<?, ?> canceler) {
    Computation<?> from = (Computation<?>) Objects.requireNonNull(canceler.x());
    Computation<?> into = (Computation<?>) Objects.requireNonNull(canceler.y());
    return into.copyCancelationOf(from);
  }

  private @Nullable Bag copyCancelationOf(Computation<?> from) {
    Outcome<?> outcome = from.outcome();
    return outcome instanceof Outcome.Canceled<?> ? complete(outcome) : null;
  }

  /**
   * Completes this computation with {@code outcome} if it is running: as {@link #tryReturn} or
   * {@link #tryCancel}, but takes no memory. For those who have given something away once they come
   * to complete, and must not fail then.
   *
   * @return whether this call did it
   */
  public boolean tryComplete(Outcome<? extends T> outcome) {
    return tryCompleteWith(Objects.requireNonNull(outcome, "outcome"));
  }

  /** As {@link #tryComplete}, for an outcome that is known to be of this type. */
  boolean tryCompleteWith(Outcome<?> outcome) {
    Bag triggers = complete(outcome);
    if (triggers == null) {
      return false;
    }
    Cascade.signal(triggers);
    return true;
  }

  /**
   * Completes; returns the triggers that the caller has to signal, and has the stack for, or {@code
   * null} if completed before.
   */
  private @Nullable Bag complete(Outcome<?> outcome) {
    for (; ; ) {
      Bag bag = bag();
      if (bag == null) {
        return null;
      }
      Handover handover = bag.isEmpty() ? null : Handover.ifNeeded();
      if (swap(bag, outcome)) {
        return handover == null ? bag : handover.signal(bag);
      }
      Thread.onSpinWait();
    }
  }

  /** The triggers of a running computation, after aborting any transaction that is in the way. */
  private @Nullable Bag bag() {
    for (; ; ) {
      Object now = state();
      if (now instanceof Bag bag) {
        return bag;
      }
      if (!(now instanceof Tentative tentative) || !tentative.transaction.tryAbort()) {
        return null;
      }
      swap(tentative, tentative.before);
    }
  }

  @SuppressWarnings("unchecked") // only outcomes of this computation's type are put into its state
  private @Nullable Outcome<T> outcome() {
    Object now = state();
    if (now instanceof Tentative tentative) {
      return tentative.transaction.isCommitted() ? (Outcome<T>) tentative.after : null;
    }
    return now instanceof Outcome<?> outcome ? (Outcome<T>) outcome : null;
  }

  /** For transactions, which look at the three kinds of state themselves. */
  Object state() {
    Point.before(this, Point.Kind.READ);
    return STATE.getAcquire(this);
  }

  /** Changes the state from {@code before}, that very object. */
  boolean swap(Object before, Object after) {
    Point.before(this, Point.Kind.UPDATE);
    return before == after || STATE.compareAndSet(this, before, after);
  }

  /** How many triggers are held, those not cleaned up yet included; for tests of space. */
  int attachedCount() {
    return state() instanceof Bag bag ? bag.size() : 0;
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    Outcome<T> outcome = outcome();
    return "Computation["
        + switch (outcome) {
          case null -> "running";
          case Outcome.Returned<T> returned -> "returned " + returned.value();
          case Outcome.Canceled<T> canceled -> "canceled with " + canceled.reason();
        }
        + "]";
  }
}
