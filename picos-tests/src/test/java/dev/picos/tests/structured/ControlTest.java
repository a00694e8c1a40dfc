package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ControlTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Duration LONG = Duration.ofHours(1);

  private final RuntimeException reason = new CancellationException("reason");

  @OnEveryScheduler
  void block_whereForbidden(Scheduler scheduler) {
    // A wait for cancelation that is forbidden is refused at once
    scheduler.run(
        () ->
            assertThatIllegalStateException()
                .isThrownBy(() -> Control.runProtected(Control::block))
                .withMessageContaining("cancelation forbidden"));
  }

  @OnEveryScheduler
  void block_whenCanceledMeanwhile(Scheduler scheduler) {
    // Block waits for cancelation and throws the reason
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
    // Block in a canceled fiber throws the reason at once
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
                  Control.runProtected(
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
                    Control.callProtected(
                        () -> {
                          computation.tryCancel(reason);
                          Control.runProtected(Control::check);
                          Control.check();
                          return 42;
                        });
                assertThat(value).isEqualTo(42);
                assertThat(Fiber.current().forbidsCancelation()).isFalse();
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
          assertThat(Fiber.current().forbidsCancelation()).isFalse();
        });
  }

  private static int protectThrowing(IOException thrown) throws IOException {
    return Control.callProtected(
        () -> {
          throw thrown;
        });
  }

  @OnEveryScheduler
  void within_delayPasses(Scheduler scheduler) {
    // The body is canceled, not before the time is over, and the computation restored
    scheduler.run(
        () -> {
          Computation<?> computation = Fiber.current().computation();
          long start = System.nanoTime();
          assertThatThrownBy(() -> Control.runWithin(SHORT, Control::block))
              .isInstanceOf(TimeoutException.class)
              .hasMessageContaining(SHORT.toString())
              .satisfies(thrown -> assertThat(thrown.getStackTrace()).isNotEmpty());
          assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(SHORT.toNanos());
          assertThat(Fiber.current().computation()).isSameAs(computation);
          Control.check();
        });
  }

  @OnEveryScheduler
  void within_bodyReturnsEarlier(Scheduler scheduler) throws TimeoutException {
    // The value is returned, the computation restored, and nothing left of the timeout
    scheduler.run(
        () -> {
          Computation<?> computation = Fiber.current().computation();
          AtomicInteger value = new AtomicInteger();
          WeakReference<Computation<?>> limited =
              Control.callWithin(
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
  void within_bodyThrows(Scheduler scheduler) {
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

  private static int limitedThrowing(IOException thrown) throws IOException, TimeoutException {
    return Control.callWithin(
        LONG,
        () -> {
          throw thrown;
        });
  }

  @OnEveryScheduler
  void within_bodyReturnsInSpiteOfIt(Scheduler scheduler) throws TimeoutException {
    // A body that returns although the timeout has fired has returned
    scheduler.run(
        () -> {
          int value =
              Control.callWithin(
                  SHORT,
                  () -> {
                    assertThatThrownBy(Control::block).hasCauseInstanceOf(TimeoutException.class);
                    return 7;
                  });
          assertThat(value).isEqualTo(7);
          Control.check();
        });
  }

  @OnEveryScheduler
  void within_inCanceledFiber(Scheduler scheduler) {
    // In a canceled fiber the body does not run, and the reason is thrown
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  AtomicBoolean ran = new AtomicBoolean();
                  assertThatThrownBy(() -> Control.runWithin(LONG, () -> ran.set(true)))
                      .isSameAs(reason);
                  assertThat(ran).isFalse();
                }));
  }

  @OnEveryScheduler
  void within_canceledMeanwhile(Scheduler scheduler) {
    // cancelation of the surrounding computation reaches the body with its own reason
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> limited =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Control.runWithin(LONG, Control::block);
                    return "returned";
                  });
          Fiber.yield();
          computation.tryCancel(reason);
          assertThatThrownBy(limited::await).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void within_innerFirst(Scheduler scheduler) throws TimeoutException {
    // When the inner timeout fires first the outer body goes on
    scheduler.run(
        () -> {
          int value =
              Control.callWithin(
                  LONG,
                  () -> {
                    assertThatThrownBy(() -> Control.runWithin(SHORT, Control::block))
                        .isInstanceOf(TimeoutException.class);
                    Control.check();
                    return 1;
                  });
          assertThat(value).isEqualTo(1);
        });
  }

  @OnEveryScheduler
  void within_outerFirst(Scheduler scheduler) {
    // When the outer timeout fires first, the inner body is canceled, and the inner call is not the
    // one whose time is over
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Control.runWithin(
                            SHORT,
                            () -> {
                              assertThatThrownBy(() -> Control.runWithin(LONG, Control::block))
                                  .isInstanceOf(ComputationException.class)
                                  .hasCauseInstanceOf(TimeoutException.class);
                              Control.check();
                            }))
                .isInstanceOf(TimeoutException.class));
  }

  @OnEveryScheduler
  void within_otherFailureRemains(Scheduler scheduler) {
    // What the body throws in its clean-up after the timeout is not taken for the timeout
    IOException cleaning = new IOException("cleaning up");
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Control.runWithin(
                            SHORT,
                            () -> {
                              try {
                                Control.block();
                              } finally {
                                Fibers.<IOException>sneak(cleaning);
                              }
                            }))
                .isSameAs(cleaning));
  }

  @OnEveryScheduler
  void withinOrElse_givesAValue(Scheduler scheduler) {
    // When the time is over the given value is returned, null included; else that of the body
    scheduler.run(
        () -> {
          Body<String, RuntimeException> blocking =
              () -> {
                Control.block();
                return "never";
              };
          assertThat(Control.callWithinOrElse(SHORT, "late", blocking)).isEqualTo("late");
          assertThat(Control.<String, RuntimeException>callWithinOrElse(SHORT, null, blocking))
              .isNull();
          assertThat(Control.callWithinOrElse(LONG, "late", () -> "early")).isEqualTo("early");
          assertThatThrownBy(
                  () ->
                      Control.callWithinOrElse(
                          LONG,
                          "late",
                          () -> {
                            throw reason;
                          }))
              .isSameAs(reason);
          Control.check();
        });
  }

  @OnEveryScheduler
  void within_whereForbidden(Scheduler scheduler) throws TimeoutException {
    // A timeout works where cancelation is forbidden, also in a canceled fiber, which is not met
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () ->
                    Control.runProtected(
                        () -> {
                          assertThatThrownBy(() -> Control.runWithin(SHORT, Control::block))
                              .isInstanceOf(TimeoutException.class);
                          int value =
                              Control.callWithin(
                                  LONG,
                                  () -> {
                                    Control.yield();
                                    return 4;
                                  });
                          assertThat(value).isEqualTo(4);
                          assertThat(Fiber.current().forbidsCancelation()).isTrue();
                        })));
  }

  @OnEveryScheduler
  void shielded_cancelationWorksWithin(Scheduler scheduler) {
    // Within a shield nothing comes from outside, and what cancels the fiber there reaches it
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  Computation<?> outside = Fiber.current().computation();
                  int value =
                      Control.callShielded(
                          () -> {
                            Control.check();
                            Control.yield();
                            assertThat(Fiber.current().computation()).isNotSameAs(outside);
                            Bundle.run(bundle -> bundle.fork(Control::yield));
                            assertThatThrownBy(() -> Control.runWithin(SHORT, Control::block))
                                .isInstanceOf(TimeoutException.class);
                            RuntimeException inside = new RuntimeException("inside");
                            Fiber.current().computation().tryCancel(inside);
                            assertThatThrownBy(Control::check).isSameAs(inside);
                            return 6;
                          });
                  assertThat(value).isEqualTo(6);
                  assertThat(Fiber.current().computation()).isSameAs(outside);
                  assertThatThrownBy(Control::check).isSameAs(reason);
                }));
  }

  @OnEveryScheduler
  void shielded_thrown(Scheduler scheduler) {
    // What the body throws comes out, and the fiber is as before, forbidding or not
    IOException checked = new IOException("checked");
    scheduler.run(
        () -> {
          Computation<?> outside = Fiber.current().computation();
          Control.runProtected(
              () -> {
                assertThatThrownBy(
                        () ->
                            Control.runShielded(
                                () -> {
                                  assertThat(Fiber.current().forbidsCancelation()).isFalse();
                                  throw checked;
                                }))
                    .isSameAs(checked);
                assertThat(Fiber.current().forbidsCancelation()).isTrue();
              });
          assertThat(Fiber.current().computation()).isSameAs(outside);
        });
  }

  @OnEveryScheduler
  void within_misuse(Scheduler scheduler) {
    // a negative delay and null are refused, and the fiber is as before
    scheduler.run(
        () -> {
          Computation<?> computation = Fiber.current().computation();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> Control.callWithin(Duration.ofNanos(-1), () -> 1));
          assertThatNullPointerException().isThrownBy(() -> Control.callWithin(null, () -> 1));
          assertThatNullPointerException()
              .isThrownBy(() -> Control.callWithin(LONG, (Body<Object, IOException>) null));
          assertThatNullPointerException().isThrownBy(() -> Control.sleep(null));
          assertThat(Fiber.current().computation()).isSameAs(computation);
          Control.check();
        });
  }

  @Test
  void plainThread_isAFiber() {
    // everything works in a thread that no scheduler runs
    assertThatThrownBy(() -> Control.runWithin(SHORT, Control::block))
        .isInstanceOf(TimeoutException.class);
    Control.yield();
    Control.sleep(Duration.ZERO);
    Control.check();
  }
}
