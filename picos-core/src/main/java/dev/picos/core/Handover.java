package dev.picos.core;

import dev.picos.core.internal.Headroom;
import org.jspecify.annotations.Nullable;

/**
 * What a thread has signaled through the timer's thread, because its own stack is at its end.
 *
 * <p>Between the change that makes a trigger signaled, or a computation completed, and the last
 * fiber that is to be woken for it, nothing may fail: nobody would try again. On the way lies the
 * code of schedulers and of the JDK, which a {@link StackOverflowError} leaves half done. So
 * whoever signals or completes looks for stack before the change. If there is too little, it makes
 * one of these, which is all that may fail, and only then changes the state.
 */
final class Handover implements Trigger.Action<@Nullable Object, @Nullable Object> {
  // For maintainers.
  //
  // The timer's thread cancels a computation of ours, as it does for a timeout that is due at once.
  // Its triggers are those that are handed over. An action that has been taken out of its trigger
  // is run by this, which is the action of another trigger.
  //
  // An action that signals or completes something itself comes here from a few frames further down
  // than whoever runs it. So it may find too little stack for waking where the other has found
  // enough. But it finds enough for handing over, since that needs much less.

  private static final Bag NONE = Bag.empty(Computation.Mode.LIFO);
  private static final RuntimeException REASON = new RuntimeException("", null, false, false) {};

  private final ThreadTimer timer;
  private final Computation<?> carrier = new Computation<>(Computation.Mode.LIFO);
  private final Timeout timeout = new Timeout(0, carrier, REASON);
  private final Bag thisAction = NONE.plus(Trigger.fromAction(null, null, this));
  private @Nullable Trigger trigger;
  private Trigger.@Nullable Action<?, ?> action;

  private Handover(ThreadTimer timer) {
    this.timer = timer;
  }

  /**
   * Returns {@code null} if the caller has stack enough to wake fibers itself, or else what it
   * needs to hand that over.
   *
   * @throws StackOverflowError if there is too little stack for either
   * @throws OutOfMemoryError if there is no memory, or no thread, to hand over to
   */
  static @Nullable Handover ifNeeded() {
    return Headroom.isEnoughToWake() ? null : prepared();
  }

  /** As {@link #ifNeeded}, for a caller that knows that it has too little stack. */
  static Handover prepared() {
    Headroom.requireToHandOver();
    Handover handover = new Handover(ThreadTimer.SHARED);
    ThreadTimer.SHARED.start();
    return handover;
  }

  /** Has {@code triggers} signaled, and returns those that are left to the caller: none. */
  Bag signal(Bag triggers) {
    boolean unused = carrier.swap(carrier.state(), triggers);
    timer.putAnyway(timeout);
    return NONE;
  }

  /** Has {@code action} run, which has been taken out of {@code trigger}. */
  void run(Trigger trigger, Trigger.Action<?, ?> action) {
    this.trigger = trigger;
    this.action = action;
    Bag none = signal(thisAction);
    assert none.isEmpty();
  }

  @Override
  public void run(Trigger carrying, @Nullable Object none, @Nullable Object nothing) {
    if (trigger != null && action != null) {
      trigger.run(action);
    }
  }

  /** Does it once in vain, so that nothing has to be loaded or linked where there is no stack. */
  static void rehearse() {
    Headroom.requireToHandOver();
    ThreadTimer timer =
        new ThreadTimer(
            body -> {
              throw new OutOfMemoryError("this is practice, and takes no thread");
            });
    Handover handover = new Handover(timer);
    handover.run(Trigger.signaled(), handover);
  }
}
