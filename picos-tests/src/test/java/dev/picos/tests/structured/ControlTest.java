package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Terminate;
import dev.picos.testing.Wait;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ControlTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Duration LONG = Duration.ofHours(1);

  private final RuntimeException reason = new CancellationException("reason");

  @OnEveryScheduler
  void block_whereForbidden(Scheduler scheduler) {
    // CT-01: a wait for cancelation that is forbidden is refused at once
    scheduler.run(
        () ->
            assertThatIllegalStateException()
                .isThrownBy(() -> Control.protect(Control::block))
                .withMessageContaining("cancelation forbidden"));
  }

  @OnEveryScheduler
  void block_whenCanceledMeanwhile(Scheduler scheduler) {
    // CT-03: block waits for cancelation and throws the reason
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> blocked =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Control.block();
                    return "returned";
                  });
          Fiber.yield();
          computation.tryCancel(reason);
          assertThatThrownBy(blocked::await).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void block_whenCanceledBefore(Scheduler scheduler) {
    // CT-03: block in a canceled fiber throws the reason at once
    scheduler.run(
        () -> Canceled.with(reason, () -> assertThatThrownBy(Control::block).isSameAs(reason)));
  }

  @OnEveryScheduler
  void block_whenComputationReturns(Scheduler scheduler) {
    // block throws when the fiber's computation was returned, before or meanwhile: nothing can end
    // it
    scheduler.run(
        () -> {
          Canceled.under(
              Computation.returned(1),
              () ->
                  assertThatIllegalStateException()
                      .isThrownBy(Control::block)
                      .withMessageContaining("computation finished"));
          Computation<Object> computation = new Computation<>();
          Computation<Object> blocked =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Control.block();
                    return "returned";
                  });
          Fiber.yield();
          computation.tryReturn("done");
          assertThatIllegalStateException().isThrownBy(blocked::await);
        });
  }

  @OnEveryScheduler
  void cancelationPoints_inCanceledFiber(Scheduler scheduler) {
    // yield, sleep and check throw the reason in a canceled fiber, and nothing where forbidden
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  assertThatThrownBy(Control::yield).isSameAs(reason);
                  assertThatThrownBy(() -> Control.sleep(LONG)).isSameAs(reason);
                  assertThatThrownBy(Control::check).isSameAs(reason);
                  Control.protect(
                      () -> {
                        Control.yield();
                        Control.sleep(Duration.ZERO);
                        Control.check();
                      });
                }));
  }

  @OnEveryScheduler
  void protect_deliversAfterwards(Scheduler scheduler) throws IOException {
    // protect returns its body's value without a look at cancelation, and restores what was
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Canceled.under(
              computation,
              () -> {
                int value =
                    Control.protect(
                        () -> {
                          computation.tryCancel(reason);
                          Control.protect(Control::check);
                          Control.check();
                          return 42;
                        });
                assertThat(value).isEqualTo(42);
                assertThat(Fiber.current().hasForbidden()).isFalse();
                assertThatThrownBy(Control::check).isSameAs(reason);
              });
        });
  }

  @OnEveryScheduler
  void protect_thrownChecked(Scheduler scheduler) {
    // a checked exception comes out of protect unchanged
    IOException thrown = new IOException("checked");
    scheduler.run(
        () -> {
          assertThatThrownBy(() -> protectThrowing(thrown)).isSameAs(thrown);
          assertThat(Fiber.current().hasForbidden()).isFalse();
        });
  }

  private static int protectThrowing(IOException thrown) throws IOException {
    return Control.protect(
        () -> {
          throw thrown;
        });
  }

  @OnEveryScheduler
  void terminateUnless_condition(Scheduler scheduler) {
    // terminateUnless throws Terminate exactly when the condition does not hold
    scheduler.run(
        () -> {
          Control.terminateUnless(true);
          assertThatThrownBy(() -> Control.terminateUnless(false)).isInstanceOf(Terminate.class);
        });
  }

  @OnEveryScheduler
  void terminateAfter_delayPasses(Scheduler scheduler) {
    // CT-05: the body is terminated, not before the delay has passed, and the computation restored
    scheduler.run(
        () -> {
          Computation<?> computation = Fiber.current().computation();
          long start = System.nanoTime();
          assertThatThrownBy(() -> Control.terminateAfter(SHORT, Control::block))
              .isInstanceOf(Terminate.class);
          assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(SHORT.toNanos());
          assertThat(Fiber.current().computation()).isSameAs(computation);
          Control.check();
        });
  }

  @OnEveryScheduler
  void terminateAfter_bodyReturnsEarlier(Scheduler scheduler) {
    // CT-06: the value is returned, the computation restored, and nothing left of the timeout
    scheduler.run(
        () -> {
          Computation<?> computation = Fiber.current().computation();
          AtomicInteger value = new AtomicInteger();
          WeakReference<Computation<?>> limited =
              Control.terminateAfter(
                  LONG,
                  () -> {
                    value.set(5);
                    return new WeakReference<>(Fiber.current().computation());
                  });
          assertThat(value).hasValue(5);
          assertThat(limited.get()).isNotSameAs(computation);
          assertThat(Fiber.current().computation()).isSameAs(computation);
          Wait.untilCollected(limited, computation);
        });
  }

  @OnEveryScheduler
  void terminateAfter_bodyThrows(Scheduler scheduler) {
    // what the body throws comes out unchanged, checked or not, and the computation is restored
    IOException checked = new IOException("checked");
    scheduler.run(
        () -> {
          Computation<?> computation = Fiber.current().computation();
          assertThatThrownBy(() -> limitedThrowing(checked)).isSameAs(checked);
          assertThat(Fiber.current().computation()).isSameAs(computation);
          Control.check();
        });
  }

  private static int limitedThrowing(IOException thrown) throws IOException {
    return Control.terminateAfter(
        LONG,
        () -> {
          throw thrown;
        });
  }

  @OnEveryScheduler
  void terminateAfter_bodyReturnsInSpiteOfIt(Scheduler scheduler) {
    // CT-08: a body that returns although the timeout has fired has returned
    scheduler.run(
        () -> {
          int value =
              Control.terminateAfter(
                  SHORT,
                  () -> {
                    assertThatThrownBy(Control::block).isInstanceOf(Terminate.class);
                    return 7;
                  });
          assertThat(value).isEqualTo(7);
          Control.check();
        });
  }

  @OnEveryScheduler
  void terminateAfter_inCanceledFiber(Scheduler scheduler) {
    // CT-10: in a canceled fiber the body does not run, and the reason is thrown even if forbidden
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  AtomicBoolean ran = new AtomicBoolean();
                  Block<RuntimeException> limited =
                      () -> Control.terminateAfter(LONG, () -> ran.set(true));
                  assertThatThrownBy(limited::run).isSameAs(reason);
                  assertThatThrownBy(() -> Control.protect(limited)).isSameAs(reason);
                  assertThat(ran).isFalse();
                }));
  }

  @OnEveryScheduler
  void terminateAfter_canceledMeanwhile(Scheduler scheduler) {
    // cancelation of the surrounding computation reaches the body with its own reason
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> limited =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Control.terminateAfter(LONG, Control::block);
                    return "returned";
                  });
          Fiber.yield();
          computation.tryCancel(reason);
          assertThatThrownBy(limited::await).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void terminateAfter_innerFirst(Scheduler scheduler) {
    // CT-11: when the inner timeout fires first the outer body goes on
    scheduler.run(
        () -> {
          int value =
              Control.terminateAfter(
                  LONG,
                  () -> {
                    assertThatThrownBy(() -> Control.terminateAfter(SHORT, Control::block))
                        .isInstanceOf(Terminate.class);
                    Control.check();
                    return 1;
                  });
          assertThat(value).isEqualTo(1);
        });
  }

  @OnEveryScheduler
  void terminateAfter_outerFirst(Scheduler scheduler) {
    // CT-11: when the outer timeout fires first the inner body is canceled with it
    Terminate outer = new Terminate();
    Terminate inner = new Terminate();
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Control.terminateAfter(
                            SHORT,
                            outer,
                            () -> Control.terminateAfter(LONG, inner, Control::block)))
                .isSameAs(outer));
  }

  @OnEveryScheduler
  void terminateAfter_reasonOfOnesOwn(Scheduler scheduler) {
    // the given reason is what the body is canceled with, so that timeouts can be told apart
    Terminate timeout = new Terminate(3);
    scheduler.run(
        () ->
            assertThatThrownBy(() -> Control.terminateAfter(SHORT, timeout, Control::block))
                .isSameAs(timeout));
  }

  @OnEveryScheduler
  void terminateAfter_misuse(Scheduler scheduler) {
    // a negative delay and null are refused, and the fiber is as before
    scheduler.run(
        () -> {
          Computation<?> computation = Fiber.current().computation();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> Control.terminateAfter(Duration.ofNanos(-1), () -> 1));
          assertThatNullPointerException().isThrownBy(() -> Control.terminateAfter(null, () -> 1));
          assertThatNullPointerException()
              .isThrownBy(() -> Control.terminateAfter(LONG, (Body<Object, IOException>) null));
          assertThatNullPointerException()
              .isThrownBy(() -> Control.terminateAfter(LONG, null, () -> 1));
          assertThatNullPointerException().isThrownBy(() -> Control.sleep(null));
          assertThat(Fiber.current().computation()).isSameAs(computation);
          Control.check();
        });
  }

  @Test
  void plainThread_isAFiber() {
    // everything works in a thread that no scheduler runs
    assertThatThrownBy(() -> Control.terminateAfter(SHORT, Control::block))
        .isInstanceOf(Terminate.class);
    Control.yield();
    Control.sleep(Duration.ZERO);
    Control.check();
  }
}
