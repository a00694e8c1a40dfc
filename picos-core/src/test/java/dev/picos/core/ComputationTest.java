package dev.picos.core;

import static dev.picos.core.Computation.Mode.FIFO;
import static dev.picos.core.Computation.Mode.LIFO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ComputationTest {
  private static final int ROUNDS = 4_000;

  private final RuntimeException reason = new RuntimeException("reason");
  private final Computation<Integer> computation = new Computation<>();
  private final List<Object> log = new ArrayList<>();

  private Trigger logging(Object entry) {
    return Trigger.fromAction(log, entry, (trigger, log, e) -> log.add(e));
  }

  @Test
  void newComputation_isRunning() {
    // A new computation is running, and has neither a value nor a reason
    assertThat(computation.isRunning()).isTrue();
    assertThat(computation.isCanceled()).isFalse();
    assertThat(computation.cancelReason()).isNull();
    assertThat(computation.peek()).isNull();
    assertThatCode(computation::check).doesNotThrowAnyException();
  }

  @Test
  void tryReturn_completes() {
    // a computation that has returned gives its value, as often as asked
    boolean completed = computation.tryReturn(101);

    assertThat(completed).isTrue();
    assertThat(computation.isRunning()).isFalse();
    assertThat(computation.isCanceled()).isFalse();
    assertThat(computation.cancelReason()).isNull();
    assertThat(computation.peek()).isEqualTo(new Outcome.Returned<>(101));
    assertThatCode(computation::check).doesNotThrowAnyException();
    assertThat(computation.await()).isEqualTo(101);
    assertThat(computation.await()).isEqualTo(101);
    assertThatCode(computation::join).doesNotThrowAnyException();
  }

  @Test
  void tryReturn_ofNull() {
    // null is a value that a computation may return, and differs from "still running"
    boolean completed = computation.tryReturn(null);

    assertThat(completed).isTrue();
    assertThat(computation.isRunning()).isFalse();
    assertThat(computation.peek()).isEqualTo(new Outcome.Returned<>(null));
    assertThat(computation.await()).isNull();
  }

  @Test
  void tryReturn_onlyOnce() {
    // the first completion wins: a value stays, whatever is tried afterwards
    computation.tryReturn(1);

    boolean returned = computation.tryReturn(2);
    boolean canceled = computation.tryCancel(reason);

    assertThat(returned).isFalse();
    assertThat(canceled).isFalse();
    assertThat(computation.await()).isEqualTo(1);
  }

  @Test
  void tryCancel_onlyOnce() {
    // The first cancelation wins, and it is that very object that is thrown
    StackTraceElement[] stackTrace = reason.getStackTrace();

    boolean first = computation.tryCancel(reason);
    boolean second = computation.tryCancel(new RuntimeException("second"));
    boolean returned = computation.tryReturn(1);

    assertThat(first).isTrue();
    assertThat(second).isFalse();
    assertThat(returned).isFalse();
    assertThat(computation.isRunning()).isFalse();
    assertThat(computation.isCanceled()).isTrue();
    assertThat(computation.cancelReason()).isSameAs(reason);
    assertThat(computation.peek()).isEqualTo(new Outcome.Canceled<>(reason));
    assertThatThrownBy(computation::check).isSameAs(reason);
    assertThatThrownBy(computation::await).isSameAs(reason);
    assertThat(reason.getStackTrace()).isEqualTo(stackTrace);
  }

  @Test
  void tryCancel_withError() {
    // an error as the reason is thrown as it is
    Error error = new AssertionError("reason");

    computation.tryCancel(error);

    assertThatThrownBy(computation::check).isSameAs(error);
    assertThatThrownBy(computation::await).isSameAs(error);
  }

  @Test
  void tryCancel_withCheckedException() {
    // a checked reason is given as that very object, and thrown as the cause of an unchecked one
    IOException checked = new IOException("reason");

    computation.tryCancel(checked);

    assertThat(computation.cancelReason()).isSameAs(checked);
    assertThat(computation.peek()).isEqualTo(new Outcome.Canceled<>(checked));
    assertThatThrownBy(computation::check)
        .isInstanceOf(ComputationException.class)
        .cause()
        .isSameAs(checked);
    assertThatThrownBy(computation::await)
        .isInstanceOf(ComputationException.class)
        .cause()
        .isSameAs(checked);
  }

  @Test
  void returned_isCompleted() {
    // a computation made with its value is completed
    Computation<String> returned = Computation.returned("value");

    assertThat(returned.isRunning()).isFalse();
    assertThat(returned.tryReturn("other")).isFalse();
    assertThat(returned.await()).isEqualTo("value");
  }

  @Test
  void returned_withNull() {
    // a computation may be made with null for its value
    Computation<String> returned = Computation.returned(null);

    assertThat(returned.isRunning()).isFalse();
    assertThat(returned.await()).isNull();
  }

  static Stream<Throwable> throwables() {
    return Stream.of(
        new IllegalStateException(),
        new IOException(),
        new InterruptedException(),
        new StackOverflowError(),
        new Throwable());
  }

  @Test
  void tryCapture_ofValue() {
    // capturing completes with what the body returns
    boolean completed = computation.tryCapture(() -> 101);

    assertThat(completed).isTrue();
    assertThat(computation.await()).isEqualTo(101);
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void tryCapture_ofException(Throwable thrown) {
    // capturing cancels with whatever the body throws, that very object, and throws nothing
    boolean completed = computation.tryCapture(() -> ComputationTest.<Integer>sneak(thrown));

    assertThat(completed).isTrue();
    assertThat(computation.cancelReason()).isSameAs(thrown);
  }

  private static <T> T sneak(Throwable thrown) throws Exception {
    return ComputationTest.<T, RuntimeException>sneakAs(thrown);
  }

  @SuppressWarnings("unchecked")
  private static <T, E extends Throwable> T sneakAs(Throwable thrown) throws E {
    throw (E) thrown;
  }

  @Test
  void tryCapture_onCompletedComputation() {
    // The body is run even if the computation is completed, and what it gives is dropped
    computation.tryReturn(1);
    AtomicInteger runs = new AtomicInteger();

    boolean returning = computation.tryCapture(runs::incrementAndGet);
    boolean throwing =
        computation.tryCapture(
            () -> {
              runs.incrementAndGet();
              throw new IOException();
            });

    assertThat(returning).isFalse();
    assertThat(throwing).isFalse();
    assertThat(runs).hasValue(2);
    assertThat(computation.await()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void completion_signalsInTheOrderOfTheMode(Computation.Mode mode) {
    // Triggers are signaled in the order of attachment with FIFO, in reverse with LIFO
    Computation<Integer> ordered = new Computation<>(mode);
    List<Trigger> triggers = IntStream.range(0, 10).mapToObj(this::logging).toList();
    triggers.forEach(trigger -> assertThat(ordered.tryAttach(trigger)).isTrue());

    ordered.tryReturn(1);

    List<Object> inOrder = List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    assertThat(log).isEqualTo(mode == FIFO ? inOrder : inOrder.reversed());
  }

  @ParameterizedTest
  @EnumSource
  void completion_keepsTheOrderWhenOthersWereDetached(Computation.Mode mode) {
    // Detaching, and the cleaning up that comes with it, leaves the order of the rest
    Computation<Integer> ordered = new Computation<>(mode);
    List<Trigger> triggers = IntStream.range(0, 10).mapToObj(this::logging).toList();
    triggers.subList(0, 8).forEach(trigger -> assertThat(ordered.tryAttach(trigger)).isTrue());
    List.of(7, 0, 3, 4, 5, 2).forEach(i -> ordered.detach(triggers.get(i)));
    triggers.subList(8, 10).forEach(trigger -> assertThat(ordered.tryAttach(trigger)).isTrue());
    log.clear();

    ordered.tryReturn(1);

    List<Object> inOrder = List.of(1, 6, 8, 9);
    assertThat(log).isEqualTo(mode == FIFO ? inOrder : inOrder.reversed());
  }

  @Test
  void defaultMode_isFifo() {
    // without a mode, triggers are signaled in the order of their attachment
    assertThat(computation.tryAttach(logging(1))).isTrue();
    assertThat(computation.tryAttach(logging(2))).isTrue();

    computation.tryCancel(reason);

    assertThat(log).containsExactly(1, 2);
  }

  @Test
  void completion_isVisibleToActions() {
    // when an action runs, the computation is completed: nothing can be attached or completed
    List<Object> seen = new ArrayList<>();
    Trigger trigger =
        Trigger.fromAction(
            computation,
            seen,
            (t, c, s) ->
                s.addAll(
                    List.of(
                        c.isRunning(),
                        c.tryReturn(2),
                        c.tryCancel(reason),
                        c.tryAttach(new Trigger()),
                        c.await())));
    assertThat(computation.tryAttach(trigger)).isTrue();

    computation.tryReturn(1);

    assertThat(seen).containsExactly(false, false, false, false, 1);
  }

  @Test
  void completion_signalsBeforeItReturns() {
    // every attached trigger is signaled by the time that the completing call returns
    List<Trigger> triggers = Stream.generate(Trigger::new).limit(100).toList();
    triggers.forEach(trigger -> assertThat(computation.tryAttach(trigger)).isTrue());

    computation.tryReturn(1);

    assertThat(triggers).allMatch(Trigger::isSignaled);
  }

  @Test
  void detach_signals() {
    // Detaching signals the trigger, so its action has run; the computation runs on
    Trigger trigger = logging("ran");
    assertThat(computation.tryAttach(trigger)).isTrue();

    computation.detach(trigger);

    assertThat(trigger.isSignaled()).isTrue();
    assertThat(log).containsExactly("ran");
    assertThat(computation.isRunning()).isTrue();
  }

  @Test
  void detach_fromCompletedComputation() {
    // on a completed computation, detaching signals and that is all
    computation.tryReturn(1);
    Trigger trigger = logging("ran");

    computation.detach(trigger);

    assertThat(log).containsExactly("ran");
    assertThat(computation.await()).isEqualTo(1);
  }

  @Test
  void detach_ofTriggerThatIsNotAttached() {
    // detaching what was never attached signals it, and takes nothing from the others
    List<Trigger> triggers = Stream.generate(Trigger::new).limit(10).toList();
    triggers.forEach(trigger -> assertThat(computation.tryAttach(trigger)).isTrue());

    List<Trigger> strangers = Stream.generate(Trigger::new).limit(20).toList();
    strangers.forEach(computation::detach);
    computation.tryReturn(1);

    assertThat(strangers).allMatch(Trigger::isSignaled);
    assertThat(triggers).allMatch(Trigger::isSignaled);
  }

  @Test
  void detach_twice() {
    // detaching a trigger a second time does not take another's place
    Trigger first = logging("first");
    Trigger second = logging("second");
    assertThat(computation.tryAttach(first)).isTrue();
    assertThat(computation.tryAttach(second)).isTrue();

    computation.detach(second);
    computation.detach(second);
    computation.detach(second);
    computation.tryReturn(1);

    assertThat(log).containsExactly("second", "first");
  }

  @Test
  void tryAttach_toCompletedComputation() {
    // A completed computation refuses a trigger and does not signal it
    computation.tryReturn(1);
    Trigger trigger = new Trigger();

    boolean attached = computation.tryAttach(trigger);

    assertThat(attached).isFalse();
    assertThat(trigger.isInitial()).isTrue();
  }

  @Test
  void tryAttach_ofSignaledTrigger() {
    // a signaled trigger is refused and takes no place
    Trigger trigger = Trigger.signaled();

    boolean attached = computation.tryAttach(trigger);

    assertThat(attached).isFalse();
    assertThat(computation.attachedCount()).isZero();
  }

  @Test
  void tryAttach_twice() {
    // a trigger attached twice is held twice, and its action runs once
    Trigger trigger = logging("ran");

    assertThat(computation.tryAttach(trigger)).isTrue();
    assertThat(computation.tryAttach(trigger)).isTrue();
    int held = computation.attachedCount();
    computation.tryReturn(1);

    assertThat(held).isEqualTo(2);
    assertThat(log).containsExactly("ran");
  }

  @Test
  void tryAttach_toTwoComputations() {
    // a trigger attached to two computations is signaled by whichever completes first
    Computation<Integer> other = new Computation<>();
    Trigger trigger = logging("ran");
    assertThat(computation.tryAttach(trigger)).isTrue();
    assertThat(other.tryAttach(trigger)).isTrue();

    other.tryReturn(1);
    computation.tryReturn(2);

    assertThat(log).containsExactly("ran");
  }

  @Test
  void attachAndDetach_manyTimes() {
    // Attaching and detaching one trigger after another leaves nothing behind
    for (int i = 0; i < 100_000; i++) {
      Trigger trigger = new Trigger();
      assertThat(computation.tryAttach(trigger)).isTrue();
      computation.detach(trigger);
    }

    assertThat(computation.attachedCount()).isZero();
  }

  @Test
  void attachAndDetach_beneathLaterOnes() {
    // Of triggers that come and go under a later one, at most as many stay as are live
    Trigger before = new Trigger();
    assertThat(computation.tryAttach(before)).isTrue();
    for (int i = 0; i < 100_000; i++) {
      Trigger after = new Trigger();
      assertThat(computation.tryAttach(after)).isTrue();
      computation.detach(before);
      before = after;
    }

    assertThat(computation.attachedCount()).isLessThanOrEqualTo(3);
  }

  @Test
  void completedComputation_holdsItsOutcomeAlone() {
    // A completed computation holds no trigger
    WeakReference<Trigger> attached = attachGarbage(computation);

    computation.tryReturn(1);

    Wait.untilCollected(attached, computation);
  }

  private static WeakReference<Trigger> attachGarbage(Computation<?> computation) {
    Trigger trigger = new Trigger();
    assertThat(computation.tryAttach(trigger)).isTrue();
    return new WeakReference<>(trigger);
  }

  @Test
  void detachedTrigger_isNotHeld() {
    // a detached trigger is collectable although its computation runs on
    WeakReference<Trigger> detached = attachAndDetachGarbage(computation);

    Wait.untilCollected(detached, computation);
  }

  private static WeakReference<Trigger> attachAndDetachGarbage(Computation<?> computation) {
    Trigger trigger = new Trigger();
    assertThat(computation.tryAttach(trigger)).isTrue();
    computation.detach(trigger);
    return new WeakReference<>(trigger);
  }

  @Test
  void await_byMany() throws Exception {
    // any number of threads may await one computation, and all get its value
    List<Task<Integer>> waiters =
        Stream.generate(() -> Task.start(computation::await)).limit(8).toList();
    waiters.forEach(Task::untilParked);

    computation.tryReturn(101);

    for (Task<Integer> waiter : waiters) {
      assertThat(waiter.result()).isEqualTo(101);
    }
  }

  @Test
  void await_endsWithTheCancelation() throws Exception {
    // an await of a computation that is canceled meanwhile throws its reason
    Task<Integer> waiter = Task.start(computation::await);
    waiter.untilParked();

    computation.tryCancel(reason);

    assertThatThrownBy(waiter::result).isSameAs(reason);
  }

  @Test
  void join_ofCanceledComputation() throws Exception {
    // Joining a canceled computation returns normally, where awaiting it throws
    Task<Object> waiter =
        Task.start(
            () -> {
              computation.join();
              return "joined";
            });
    waiter.untilParked();

    computation.tryCancel(reason);

    assertThat(waiter.result()).isEqualTo("joined");
    assertThatCode(computation::join).doesNotThrowAnyException();
    assertThatThrownBy(computation::await).isSameAs(reason);
  }

  @Test
  void await_whileTheOwnComputationReturns() throws Exception {
    // a fiber whose own computation returns while it awaits another goes on awaiting that
    Computation<Object> own = new Computation<>();
    Task<Integer> waiter =
        Task.start(
            () -> {
              Fiber.current().setComputation(own);
              return computation.await();
            });
    waiter.untilParked();

    own.tryReturn("value of its own");
    Wait.until(() -> own.attachedCount() == 0);
    waiter.untilParked();
    int attached = computation.attachedCount();
    computation.tryReturn(101);

    assertThat(waiter.result()).isEqualTo(101);
    assertThat(attached).isLessThanOrEqualTo(2);
  }

  @Test
  void await_ofCompletedComputationWithoutHandler() {
    // What needs no suspending needs no handler either
    computation.tryReturn(1);
    FailingHandler handler = new FailingHandler();

    Handler.using(
        handler,
        () -> {
          log.add(computation.await());
          computation.join();
          log.add(computation.tryReturn(2));
          log.add(computation.isRunning());
          computation.check();
          computation.detach(logging("detached"));
        });

    assertThat(log).containsExactly(1, false, false, "detached");
  }

  @Test
  void await_givenUpByCanceledFibers() {
    // a fiber whose await is canceled takes its trigger with it
    for (int i = 0; i < 1_000; i++) {
      Computation<Object> own = new Computation<>();
      own.cancelAfter(Duration.ofNanos(1), reason);
      Canceled.under(own, () -> assertThatThrownBy(computation::await).isSameAs(reason));
    }

    assertThat(computation.attachedCount()).isLessThanOrEqualTo(2);
  }

  @Test
  void canceler_copiesCancelation() {
    // a signaled canceler cancels into with the reason of from, that very object
    Computation<String> into = new Computation<>();
    Trigger canceler = Computation.canceler(computation, into);
    computation.tryCancel(reason);
    boolean before = into.isRunning();

    canceler.signal();

    assertThat(before).isTrue();
    assertThat(into.cancelReason()).isSameAs(reason);
  }

  @Test
  void canceler_ofRunningComputation() {
    // a canceler signaled while from is running does nothing, then or later
    Computation<String> into = new Computation<>();
    Trigger canceler = Computation.attachCanceler(computation, into);

    canceler.signal();
    computation.tryCancel(reason);

    assertThat(into.isRunning()).isTrue();
  }

  @Test
  void canceler_ofReturnedComputation() {
    // a computation that returns does not cancel what cancelers lead to
    Computation<String> into = new Computation<>();
    Computation.attachCanceler(computation, into);

    computation.tryReturn(1);

    assertThat(into.isRunning()).isTrue();
  }

  @Test
  void attachCanceler_propagates() {
    // cancelation of from cancels into, before tryCancel returns; not the other way round
    Computation<String> into = new Computation<>();
    Computation<String> sibling = new Computation<>();
    Computation.attachCanceler(computation, into);
    Computation.attachCanceler(computation, sibling);

    sibling.tryCancel(new RuntimeException("not passed upwards"));
    boolean runningBefore = computation.isRunning();
    computation.tryCancel(reason);

    assertThat(runningBefore).isTrue();
    assertThat(into.cancelReason()).isSameAs(reason);
  }

  @Test
  void attachCanceler_fromCanceledComputation() {
    // Attaching a canceler to a canceled computation throws its reason; into is untouched
    Computation<String> into = new Computation<>();
    computation.tryCancel(reason);

    assertThatThrownBy(() -> Computation.attachCanceler(computation, into)).isSameAs(reason);

    assertThat(into.isRunning()).isTrue();
  }

  @Test
  void attachCanceler_fromReturnedComputation() {
    // Attaching a canceler to a computation that has returned is misuse
    Computation<String> into = new Computation<>();
    computation.tryReturn(1);

    assertThatIllegalStateException()
        .isThrownBy(() -> Computation.attachCanceler(computation, into))
        .withMessageContaining("already returned");

    assertThat(into.isRunning()).isTrue();
  }

  @Test
  void attachCanceler_intoCompletedComputation() {
    // If into completes first it keeps its outcome when from is canceled
    Computation<String> into = new Computation<>();
    Computation.attachCanceler(computation, into);
    into.tryReturn("value");

    boolean canceled = computation.tryCancel(reason);

    assertThat(canceled).isTrue();
    assertThat(into.await()).isEqualTo("value");
  }

  @Test
  void attachCanceler_detached() {
    // a detached canceler no longer passes cancelation on
    Computation<String> into = new Computation<>();
    Trigger canceler = Computation.attachCanceler(computation, into);

    computation.detach(canceler);
    computation.tryCancel(reason);

    assertThat(into.isRunning()).isTrue();
  }

  @Test
  void canceler_detachedElsewhere() {
    // a canceler that is detached from another computation than its own does what a signal does
    Computation<String> into = new Computation<>();
    Trigger canceler = Computation.canceler(computation, into);
    computation.tryCancel(reason);

    new Computation<>().detach(canceler);

    assertThat(into.cancelReason()).isSameAs(reason);
  }

  @Test
  void canceler_detachedFromCanceledComputation() {
    // one that is detached too late passes the cancelation on
    Computation<String> into = new Computation<>();
    Trigger canceler = Computation.canceler(computation, into);
    computation.tryCancel(reason);

    computation.detach(canceler);

    assertThat(into.cancelReason()).isSameAs(reason);
  }

  @Test
  void detachedCanceler_holdsNothing() {
    // what a detached canceler led to is collectable although from runs on
    WeakReference<Computation<?>> into = attachAndDetachCanceler(computation);

    Wait.untilCollected(into, computation);
  }

  private static WeakReference<Computation<?>> attachAndDetachCanceler(Computation<?> from) {
    Computation<?> into = new Computation<>();
    from.detach(Computation.attachCanceler(from, into));
    return new WeakReference<>(into);
  }

  @ParameterizedTest
  @EnumSource
  void withAction_runsItOnce(Computation.Mode mode) {
    // A computation made with an action runs it once, when completed
    Computation<Integer> acting =
        Computation.withAction(mode, log, "ran", (trigger, log, entry) -> log.add(entry));
    boolean ranBefore = !log.isEmpty();

    acting.tryReturn(1);
    acting.tryReturn(2);

    assertThat(ranBefore).isFalse();
    assertThat(log).containsExactly("ran");
  }

  @Test
  void withAction_keepsTheMode() {
    // the action of a computation made with one counts as attached first
    Computation<Integer> fifo =
        Computation.withAction(FIFO, log, "action", (trigger, log, entry) -> log.add(entry));
    Computation<Integer> lifo =
        Computation.withAction(LIFO, log, "action", (trigger, log, entry) -> log.add(entry));
    assertThat(fifo.tryAttach(logging("fifo"))).isTrue();
    assertThat(lifo.tryAttach(logging("lifo"))).isTrue();

    fifo.tryReturn(1);
    lifo.tryReturn(1);

    assertThat(log).containsExactly("action", "fifo", "lifo", "action");
  }

  @Test
  void cancelAfter_negativeDelay() {
    // a negative delay is refused before anything else, even in a canceled fiber
    Canceled.with(
        reason,
        () ->
            assertThatIllegalArgumentException()
                .isThrownBy(() -> computation.cancelAfter(Duration.ofNanos(-1), reason))
                .withMessageContaining("negative"));

    assertThat(computation.isRunning()).isTrue();
  }

  @Test
  void nulls_areRefused() {
    // null is not a mode, a reason, a body, a delay, a trigger, an action or a computation
    Trigger.Action<Object, Object> action = (trigger, x, y) -> {};
    assertThatNullPointerException().isThrownBy(() -> new Computation<>(null));
    assertThatNullPointerException().isThrownBy(() -> computation.tryCancel(null));
    assertThatNullPointerException().isThrownBy(() -> computation.tryCapture(null));
    assertThatNullPointerException().isThrownBy(() -> computation.cancelAfter(null, reason));
    assertThatNullPointerException()
        .isThrownBy(() -> computation.cancelAfter(Duration.ofHours(1), null));
    assertThatNullPointerException()
        .isThrownBy(() -> assertThat(computation.tryAttach(null)).isTrue());
    assertThatNullPointerException().isThrownBy(() -> computation.detach(null));
    assertThatNullPointerException().isThrownBy(() -> Computation.canceler(null, computation));
    assertThatNullPointerException().isThrownBy(() -> Computation.canceler(computation, null));
    assertThatNullPointerException()
        .isThrownBy(() -> Computation.attachCanceler(null, computation));
    assertThatNullPointerException()
        .isThrownBy(() -> Computation.attachCanceler(computation, null));
    assertThatNullPointerException()
        .isThrownBy(() -> Computation.withAction(null, "x", "y", action));
    assertThatNullPointerException().isThrownBy(() -> Computation.withAction(FIFO, "x", "y", null));

    assertThat(computation.isRunning()).isTrue();
    assertThat(computation.attachedCount()).isZero();
  }

  @Test
  void nulls_areRefusedByCompletedComputation() {
    // null is refused by a completed computation too
    computation.tryReturn(1);

    assertThatNullPointerException().isThrownBy(() -> computation.tryCancel(null));
    assertThatNullPointerException().isThrownBy(() -> computation.tryCapture(null));
    assertThatNullPointerException()
        .isThrownBy(() -> computation.cancelAfter(Duration.ofHours(1), null));
    assertThatNullPointerException()
        .isThrownBy(() -> assertThat(computation.tryAttach(null)).isFalse());
    assertThatNullPointerException().isThrownBy(() -> computation.detach(null));
  }

  @Test
  void toString_namesTheState() {
    // a computation names its state, for people
    Computation<Integer> canceled = new Computation<>();
    canceled.tryCancel(reason);

    assertThat(new Computation<>()).hasToString("Computation[running]");
    assertThat(Computation.returned(42)).hasToString("Computation[returned 42]");
    assertThat(canceled).hasToString("Computation[canceled with " + reason + "]");
  }

  /** What the two parties of a race do to one computation, and what they learn. */
  private static final class Contest {
    final Computation<Integer> computation;
    final Trigger trigger = new Trigger();
    final Trigger other = new Trigger();
    final RuntimeException reason = new RuntimeException("reason", null, false, false) {};
    boolean attached;
    boolean otherAttached;
    boolean returned;
    boolean canceled;
    int written;
    int read;

    Contest(Computation.Mode mode) {
      computation = new Computation<>(mode);
    }
  }

  @ParameterizedTest
  @EnumSource
  void tryAttach_racingWithCompletion(Computation.Mode mode) {
    // A trigger is signaled exactly if it was attached; that it was and was not both occur
    AtomicInteger attached = new AtomicInteger();

    Race.run(
        ROUNDS,
        () -> new Contest(mode),
        contest -> contest.attached = contest.computation.tryAttach(contest.trigger),
        contest -> contest.returned = contest.computation.tryReturn(101),
        contest -> {
          assertThat(contest.returned).isTrue();
          assertThat(contest.trigger.isSignaled()).isEqualTo(contest.attached);
          attached.addAndGet(contest.attached ? 1 : 0);
        });

    assertThat(attached).hasValueBetween(1, ROUNDS - 1);
  }

  @Test
  void tryReturn_racingWithTryCancel() {
    // Of two completions exactly one wins, and the outcome is the winner's; both occur
    AtomicInteger returned = new AtomicInteger();

    Race.run(
        ROUNDS,
        () -> new Contest(FIFO),
        contest -> contest.returned = contest.computation.tryReturn(101),
        contest -> contest.canceled = contest.computation.tryCancel(contest.reason),
        contest -> {
          assertThat(contest.returned).isNotEqualTo(contest.canceled);
          assertThat(contest.computation.isCanceled()).isEqualTo(contest.canceled);
          returned.addAndGet(contest.returned ? 1 : 0);
        });

    assertThat(returned).hasValueBetween(1, ROUNDS - 1);
  }

  @ParameterizedTest
  @EnumSource
  void attaching_racingWithTwoCompletions(Computation.Mode mode) {
    // Two parties attach, one of them returns and the other cancels: one completion wins
    Race.run(
        ROUNDS,
        () -> new Contest(mode),
        contest -> {
          contest.attached = contest.computation.tryAttach(contest.trigger);
          contest.returned = contest.computation.tryReturn(101);
        },
        contest -> {
          contest.otherAttached = contest.computation.tryAttach(contest.other);
          contest.canceled = contest.computation.tryCancel(contest.reason);
        },
        contest -> {
          assertThat(contest.returned).isNotEqualTo(contest.canceled);
          assertThat(contest.computation.isCanceled()).isEqualTo(contest.canceled);
          assertThat(contest.trigger.isSignaled()).isEqualTo(contest.attached);
          assertThat(contest.other.isSignaled()).isEqualTo(contest.otherAttached);
        });
  }

  @ParameterizedTest
  @EnumSource
  void attachAndDetach_racingWithTheSame(Computation.Mode mode) {
    // Parties that attach and detach at once lose nothing and leave little behind
    Race.run(
        ROUNDS,
        () -> new Contest(mode),
        contest -> {
          attachAndDetachGarbage(contest.computation);
          assertThat(contest.computation.tryAttach(contest.trigger)).isTrue();
        },
        contest -> {
          attachAndDetachGarbage(contest.computation);
          attachAndDetachGarbage(contest.computation);
        },
        contest -> {
          assertThat(contest.computation.attachedCount()).isBetween(1, 3);
          contest.computation.tryReturn(1);
          assertThat(contest.trigger.isSignaled()).isTrue();
        });
  }

  @Test
  void await_racingWithCompletion() {
    // no completion is lost on a thread about to park, and it publishes what came before it
    Race.run(
        ROUNDS,
        () -> new Contest(FIFO),
        contest -> {
          assertThat(contest.computation.await()).isEqualTo(101);
          contest.read = contest.written;
        },
        contest -> {
          contest.written = 1;
          contest.computation.tryReturn(101);
        },
        contest -> assertThat(contest.read).isEqualTo(1));
  }

  @Test
  void isRunning_publishes() {
    // whoever sees that a computation is completed sees what the completer did before
    Race.run(
        ROUNDS,
        () -> new Contest(FIFO),
        contest -> {
          Race.spinUntil(() -> !contest.computation.isRunning());
          contest.read = contest.written;
        },
        contest -> {
          contest.written = 1;
          contest.computation.tryReturn(101);
        },
        contest -> assertThat(contest.read).isEqualTo(1));
  }

  @Test
  void attachCanceler_racingWithCancelation() {
    // a canceler that meets the cancelation either passes it on or throws it
    Race.run(
        ROUNDS,
        () -> new Contest(FIFO),
        contest -> {
          Computation<Integer> into = new Computation<>();
          try {
            Computation.attachCanceler(contest.computation, into);
            contest.attached = true;
          } catch (RuntimeException thrown) {
            assertThat(thrown).isSameAs(contest.reason);
          }
          Race.spinUntil(() -> !contest.attached || !into.isRunning());
          assertThat(into.isCanceled()).isEqualTo(contest.attached);
        },
        contest -> contest.canceled = contest.computation.tryCancel(contest.reason),
        contest -> assertThat(contest.canceled).isTrue());
  }
}
