package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TriggerTest {
  private static final int ROUNDS = 4_000;

  private final List<String> log = new ArrayList<>();
  private final Trigger.Action<String, String> logging = (trigger, x, y) -> log.add(x + y);

  @Test
  void newTrigger_isInitial() {
    // A new trigger is initial and not signaled
    Trigger trigger = new Trigger();

    assertThat(trigger.isInitial()).isTrue();
    assertThat(trigger.isSignaled()).isFalse();
  }

  @Test
  void signal_makesItSignaled() {
    // After a signal a trigger is signaled and no longer initial
    Trigger trigger = new Trigger();

    trigger.signal();

    assertThat(trigger.isInitial()).isFalse();
    assertThat(trigger.isSignaled()).isTrue();
  }

  @Test
  void signal_manyTimesFromManyThreads() throws Exception {
    // 8 threads may signal 1000 times each: nothing is thrown, and the action runs once
    AtomicInteger runs = new AtomicInteger();
    Trigger trigger = Trigger.fromAction(runs, null, (t, counter, y) -> counter.incrementAndGet());

    List<Task<Object>> signalers =
        IntStream.range(0, 8)
            .mapToObj(
                i ->
                    Task.start(
                        () -> {
                          IntStream.range(0, 1_000).forEach(j -> trigger.signal());
                          return null;
                        }))
            .toList();
    for (Task<Object> signaler : signalers) {
      signaler.result();
    }

    assertThat(trigger.isSignaled()).isTrue();
    assertThat(runs).hasValue(1);
  }

  @Test
  void signaledConstant_isOneSignaledTrigger() {
    // the constant is always the same trigger, signaled from the start
    Trigger first = Trigger.signaled();
    Trigger second = Trigger.signaled();

    assertThat(first).isSameAs(second);
    assertThat(first.isSignaled()).isTrue();
    assertThat(first.isInitial()).isFalse();
    assertThat(first.await()).isNull();
    assertThatCode(first::signal).doesNotThrowAnyException();
    assertThatCode(first::dispose).doesNotThrowAnyException();
  }

  @Test
  void onSignal_runsTheActionInTheSignalingThread() throws Exception {
    // the action gets the trigger and both arguments, in the thread that signals, once signaled
    Trigger trigger = new Trigger();
    List<Object> seen = new ArrayList<>();
    boolean attached =
        trigger.onSignal(
            "x",
            "y",
            (t, x, y) -> seen.addAll(List.of(t, x, y, t.isSignaled(), Thread.currentThread())));

    Task<Object> signaler =
        Task.start(
            () -> {
              trigger.signal();
              return null;
            });
    signaler.result();

    assertThat(attached).isTrue();
    assertThat(seen).containsExactly(trigger, "x", "y", true, signaler.thread());
  }

  @ParameterizedTest
  @CsvSource({"x,y", "x,", ",y", ","})
  void onSignal_takesNullForTheArguments(String first, String second) {
    // either argument of an action may be null, or both
    Trigger trigger = new Trigger();
    boolean attached = trigger.onSignal(first, second, (t, x, y) -> log.add(t + " " + x + y));

    trigger.signal();

    assertThat(attached).isTrue();
    assertThat(log).containsExactly("Trigger[signaled] " + first + second);
  }

  @Test
  void onSignal_refusedBySignaledTrigger() {
    // A signaled trigger refuses an action, which never runs
    Trigger trigger = new Trigger();
    trigger.signal();

    boolean attached = trigger.onSignal("x", "y", logging);
    trigger.signal();

    assertThat(attached).isFalse();
    assertThat(log).isEmpty();
  }

  @Test
  void onSignal_twice() {
    // A second action is refused with an exception; the first one stays and runs
    Trigger trigger = new Trigger();
    assertThat(trigger.onSignal("fir", "st", logging)).isTrue();

    assertThatIllegalStateException()
        .isThrownBy(() -> assertThat(trigger.onSignal("sec", "ond", logging)).isTrue())
        .withMessageContaining("already awaiting");
    trigger.signal();

    assertThat(log).containsExactly("first");
  }

  @Test
  void isInitial_whileAwaiting() {
    // Whether an awaiting trigger is initial is no question to ask
    Trigger trigger = new Trigger();
    assertThat(trigger.onSignal("x", "y", logging)).isTrue();

    assertThatIllegalStateException()
        .isThrownBy(trigger::isInitial)
        .withMessageContaining("already awaiting");
  }

  @Test
  void dispose_makesItSignaled() {
    // Disposing signals an initial trigger, and disposing again does nothing
    Trigger trigger = new Trigger();

    trigger.dispose();
    trigger.dispose();

    assertThat(trigger.isSignaled()).isTrue();
    assertThat(trigger.onSignal("x", "y", logging)).isFalse();
  }

  @Test
  void dispose_ofSignaledTrigger() {
    // disposing of a signaled trigger does nothing
    Trigger trigger = new Trigger();
    trigger.signal();

    trigger.dispose();

    assertThat(trigger.isSignaled()).isTrue();
  }

  @Test
  void dispose_ofAwaitingTrigger() {
    // a trigger with an action cannot be disposed of; the action stays and runs on the signal
    Trigger trigger = new Trigger();
    assertThat(trigger.onSignal("x", "y", logging)).isTrue();

    assertThatIllegalStateException().isThrownBy(trigger::dispose);
    assertThat(log).isEmpty();
    trigger.signal();

    assertThat(log).containsExactly("xy");
  }

  @Test
  void fromAction_canOnlyBeSignaled() {
    // A trigger made from an action refuses all but the signal, which runs the action once
    Trigger trigger = Trigger.fromAction("x", "y", logging);

    assertThatIllegalStateException().isThrownBy(() -> assertThat(trigger.await()).isNull());
    assertThatIllegalStateException()
        .isThrownBy(() -> assertThat(trigger.onSignal("", "", logging)).isTrue());
    assertThatIllegalStateException().isThrownBy(trigger::isInitial);
    assertThatIllegalStateException().isThrownBy(trigger::dispose);
    assertThat(trigger.isSignaled()).isFalse();
    trigger.signal();
    trigger.signal();

    assertThat(trigger.isSignaled()).isTrue();
    assertThat(log).containsExactly("xy");
  }

  @Test
  void await_ofSignaledTriggerInCanceledFiber() {
    // A signaled trigger returns at once: no look at cancelation, no call to the handler
    Trigger trigger = new Trigger();
    trigger.signal();
    FailingHandler handler = new FailingHandler();
    handler.fiber.computation().tryCancel(new IllegalStateException("canceled"));

    List<Throwable> reasons = new ArrayList<>();
    Handler.using(handler, () -> reasons.add(trigger.await()));

    assertThat(reasons).containsExactly((Throwable) null);
  }

  @Test
  void await_endsWithTheSignal() throws Exception {
    // a signal from another thread ends the await, with no reason to report
    Trigger trigger = new Trigger();
    Task<Throwable> waiter = Task.start(trigger::await);
    waiter.untilParked();

    trigger.signal();

    assertThat(waiter.result()).isNull();
    assertThat(trigger.isSignaled()).isTrue();
  }

  @Test
  void await_byTwo() throws Exception {
    // a second await is refused with an exception, and the first one still ends with the signal
    Trigger trigger = new Trigger();
    Task<Throwable> first = Task.start(trigger::await);
    first.untilParked();

    assertThatIllegalStateException().isThrownBy(() -> assertThat(trigger.await()).isNull());
    trigger.signal();

    assertThat(first.result()).isNull();
  }

  @Test
  void await_again() {
    // awaiting a trigger a second time, after the signal, returns at once
    Trigger trigger = new Trigger();
    Task<Object> signaler =
        Task.start(
            () -> {
              trigger.signal();
              return null;
            });

    Throwable first = trigger.await();
    Throwable second = trigger.await();

    assertThat(first).isNull();
    assertThat(second).isNull();
    assertThatCode(signaler::result).doesNotThrowAnyException();
  }

  @Test
  void signal_ofThrowingAction() {
    // what an action throws comes out of the signal, after which the trigger is signaled for good
    RuntimeException thrown = new RuntimeException("thrown by the action");
    Trigger trigger =
        Trigger.fromAction(
            thrown,
            null,
            (t, x, y) -> {
              throw x;
            });

    assertThatThrownBy(trigger::signal).isSameAs(thrown);

    assertThat(trigger.isSignaled()).isTrue();
    assertThatCode(trigger::signal).doesNotThrowAnyException();
  }

  @Test
  void signal_fromItsOwnAction() {
    // an action that signals its own trigger runs once all the same
    Trigger trigger =
        Trigger.fromAction(
            "x",
            "y",
            (t, x, y) -> {
              log.add(x + y);
              t.signal();
            });

    trigger.signal();

    assertThat(log).containsExactly("xy");
  }

  @Test
  void nullAction_isRefused() {
    // null is not an action, and the trigger is as before
    Trigger trigger = new Trigger();

    assertThatNullPointerException()
        .isThrownBy(() -> assertThat(trigger.onSignal("x", "y", null)).isTrue());
    assertThatNullPointerException().isThrownBy(() -> Trigger.fromAction("x", "y", null));

    assertThat(trigger.isInitial()).isTrue();
  }

  @Test
  void nullAction_isRefusedBySignaledTrigger() {
    // null is not an action for a signaled trigger either
    Trigger trigger = Trigger.signaled();

    assertThatNullPointerException()
        .isThrownBy(() -> assertThat(trigger.onSignal("x", "y", null)).isFalse());
  }

  @Test
  void signaledTrigger_holdsNothing() {
    // A signaled trigger holds neither its action nor the arguments
    Trigger trigger = new Trigger();
    List<WeakReference<Object>> garbage = attachGarbage(trigger);

    trigger.signal();

    garbage.forEach(each -> Wait.untilCollected(each, trigger));
  }

  private static List<WeakReference<Object>> attachGarbage(Trigger trigger) {
    Object x = new byte[1024];
    Object y = new byte[1024];
    Object captured = new byte[1024];
    assertThat(trigger.onSignal(x, y, (t, a, b) -> assertThat(captured).isNotNull())).isTrue();
    return List.of(new WeakReference<>(x), new WeakReference<>(y), new WeakReference<>(captured));
  }

  @Test
  void toString_namesTheState() {
    // a trigger names its state, for people
    Trigger trigger = new Trigger();

    String initial = trigger.toString();
    assertThat(trigger.onSignal("x", "y", logging)).isTrue();
    String awaiting = trigger.toString();
    trigger.signal();

    assertThat(initial).isEqualTo("Trigger[initial]");
    assertThat(awaiting).isEqualTo("Trigger[awaiting]");
    assertThat(trigger).hasToString("Trigger[signaled]");
  }

  /** What the two parties of a race do to one trigger, and what they learn. */
  private static final class Contest {
    final Trigger trigger = new Trigger();
    final AtomicInteger accepted = new AtomicInteger();
    final AtomicInteger refused = new AtomicInteger();
    final AtomicInteger thrown = new AtomicInteger();
    final AtomicInteger runs = new AtomicInteger();
    int written;
    int read;

    void attach() {
      try {
        boolean attached = trigger.onSignal(runs, null, (t, x, y) -> x.incrementAndGet());
        (attached ? accepted : refused).incrementAndGet();
      } catch (IllegalStateException e) {
        thrown.incrementAndGet();
      }
    }

    void dispose() {
      try {
        trigger.dispose();
      } catch (IllegalStateException e) {
        thrown.incrementAndGet();
      }
    }
  }

  @Test
  void onSignal_racingWithSignal() {
    // an action that meets a signal either is accepted and runs once, or is refused and never runs
    AtomicInteger accepted = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();

    Race.run(
        ROUNDS,
        Contest::new,
        Contest::attach,
        contest -> contest.trigger.signal(),
        contest -> {
          assertThat(contest.runs.get()).isEqualTo(contest.accepted.get());
          assertThat(contest.trigger.isSignaled()).isTrue();
          accepted.addAndGet(contest.accepted.get());
          refused.addAndGet(contest.refused.get());
        });

    assertThat(accepted).hasPositiveValue();
    assertThat(refused).hasPositiveValue();
  }

  @Test
  void onSignal_racingWithOnSignalAndSignals() {
    // of two actions and two signals at most one action is accepted, and that one runs once
    Race.run(
        ROUNDS,
        Contest::new,
        contest -> {
          contest.attach();
          contest.trigger.signal();
        },
        contest -> {
          contest.attach();
          contest.trigger.signal();
        },
        contest -> {
          assertThat(contest.accepted.get()).isEqualTo(1);
          assertThat(contest.refused.get() + contest.thrown.get()).isEqualTo(1);
          assertThat(contest.runs.get()).isEqualTo(1);
        });
  }

  @Test
  void dispose_racingWithOnSignal() {
    // A dispose that comes too late says so, and one in time makes onSignal fail
    Race.run(
        ROUNDS,
        Contest::new,
        Contest::attach,
        Contest::dispose,
        contest -> {
          assertThat(contest.thrown.get()).isEqualTo(contest.accepted.get());
          assertThat(contest.trigger.isSignaled()).isEqualTo(contest.accepted.get() == 0);
          contest.trigger.signal();
          assertThat(contest.runs.get()).isEqualTo(contest.accepted.get());
        });
  }

  @Test
  void await_racingWithSignal() {
    // no signal is lost on a thread that is about to park, and it publishes what came before it
    Race.run(
        ROUNDS,
        Contest::new,
        contest -> {
          assertThat(contest.trigger.await()).isNull();
          contest.read = contest.written;
        },
        contest -> {
          contest.written = 1;
          contest.trigger.signal();
        },
        contest -> assertThat(contest.read).isEqualTo(1));
  }

  @Test
  void isSignaled_publishes() {
    // whoever sees that a trigger is signaled sees what the signaler did before
    Race.run(
        ROUNDS,
        Contest::new,
        contest -> {
          Race.spinUntil(contest.trigger::isSignaled);
          contest.read = contest.written;
        },
        contest -> {
          contest.written = 1;
          contest.trigger.signal();
        },
        contest -> assertThat(contest.read).isEqualTo(1));
  }
}
