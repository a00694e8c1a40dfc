package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.Run;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class InterruptibleTest {
  private static final int ROUNDS = 4_000;

  private final RuntimeException reason = new CancellationException("reason");
  private final BlockingQueue<String> queue = new ArrayBlockingQueue<>(1);
  private final Computation<Object> computation = new Computation<>();

  @OnEveryScheduler
  void canceledMeanwhile_blockingCall(Scheduler scheduler) {
    // cancelation ends a blocking call of the JDK and comes out as the reason
    scheduler.run(
        () -> {
          Computation<Object> taker =
              Fibers.startUnder(computation, () -> Control.callInterruptible(queue::take));
          Fiber.yield();
          computation.tryCancel(reason);
          assertThatThrownBy(taker::await).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_channel(Scheduler scheduler) throws IOException {
    // the exception of an interrupted channel is replaced by the reason, too
    Pipe pipe = Pipe.open();
    Computation<Object> begun = new Computation<>();
    scheduler.run(
        () -> {
          Computation<Object> reader =
              Fibers.startUnder(
                  computation,
                  () ->
                      Control.callInterruptible(
                          () -> {
                            begun.tryReturn("begun");
                            return pipe.source().read(ByteBuffer.allocate(1));
                          }));
          begun.await();
          computation.tryCancel(reason);
          assertThatThrownBy(reader::await).isSameAs(reason);
        });
    assertThat(pipe.source().isOpen()).isFalse();
    pipe.sink().close();
  }

  @OnEveryScheduler
  void canceledMeanwhile_checkedReason(Scheduler scheduler) {
    // a checked reason is carried by a ComputationException
    TimeoutException checked = new TimeoutException("checked");
    scheduler.run(
        () -> {
          Computation<Object> taker =
              Fibers.startUnder(computation, () -> Control.callInterruptible(queue::take));
          Fiber.yield();
          computation.tryCancel(checked);
          assertThatThrownBy(taker::await)
              .isInstanceOf(ComputationException.class)
              .extracting(Throwable::getCause)
              .isSameAs(checked);
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_wrappedInterrupt(Scheduler scheduler) {
    // an exception whose cause is the interrupt is replaced by the reason, and no status is left
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () -> {
                  assertThatThrownBy(
                          () ->
                              Control.callInterruptible(
                                  () -> {
                                    computation.tryCancel(reason);
                                    throw new IllegalStateException(new InterruptedException());
                                  }))
                      .isSameAs(reason);
                  assertThat(Thread.interrupted()).isFalse();
                }));
  }

  @OnEveryScheduler
  void canceledMeanwhile_realFailure(Scheduler scheduler) {
    // what the interrupt does not explain comes out, with the reason suppressed in it
    AssertionError failure = new AssertionError("of the body");
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () -> {
                  assertThatThrownBy(
                          () ->
                              Control.callInterruptible(
                                  () -> {
                                    computation.tryCancel(reason);
                                    throw failure;
                                  }))
                      .isSameAs(failure)
                      .hasSuppressedException(reason);
                  assertThat(Thread.interrupted()).isFalse();
                }));
  }

  @OnEveryScheduler
  void nested_innerReturnsInSpiteOfIt(Scheduler scheduler) {
    // an interrupt that an inner call leaves unheeded still ends the outer one
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () -> {
                  assertThatThrownBy(
                          () ->
                              Control.callInterruptible(
                                  () -> {
                                    int value =
                                        Control.callInterruptible(
                                            () -> {
                                              computation.tryCancel(reason);
                                              return 1;
                                            });
                                    assertThat(value).isEqualTo(1);
                                    return queue.take();
                                  }))
                      .isSameAs(reason);
                  assertThat(Thread.interrupted()).isFalse();
                }));
  }

  @OnEveryScheduler
  void nested_race(Scheduler scheduler) {
    // whenever the cancelation comes to nested calls, the last blocking call ends
    scheduler.run(
        () -> {
          for (int round = 0; round < ROUNDS / 4; round++) {
            Computation<Object> each = new Computation<>();
            Computation<Object> canceler = Fibers.start(() -> each.tryCancel(reason));
            int spins = round % 200;
            Canceled.under(
                each,
                () -> {
                  assertThatThrownBy(
                          () ->
                              Control.callInterruptible(
                                  () -> {
                                    Control.runInterruptible(
                                        () -> {
                                          for (int i = 0; i < spins; i++) {
                                            Thread.onSpinWait();
                                          }
                                        });
                                    return queue.take();
                                  }))
                      .isSameAs(reason);
                  assertThat(Thread.interrupted()).isFalse();
                });
            canceler.join();
            assertThat(Thread.interrupted()).isFalse();
          }
        });
  }

  @OnEveryScheduler
  void timeoutWithin_interrupts(Scheduler scheduler) {
    // a timeout within an interruptible call ends a blocking call, and so does one around it
    Duration soon = Duration.ofMillis(5);
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Control.callInterruptible(() -> Control.callWithin(soon, () -> queue.take())))
              .isInstanceOf(TimeoutException.class);
          assertThatThrownBy(
                  () ->
                      Control.callWithin(soon, () -> Control.callInterruptible(() -> queue.take())))
              .isInstanceOf(TimeoutException.class);
          assertThat(Thread.interrupted()).isFalse();
        });
  }

  @OnEveryScheduler
  void scopeWithin_interrupts(Scheduler scheduler) {
    // an error of a child ends a blocking call of a main body within an interruptible call
    IllegalStateException error = new IllegalStateException("of a child");
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Control.runInterruptible(
                          () ->
                              Bundle.run(
                                  bundle -> {
                                    bundle.fork(
                                        () -> {
                                          throw error;
                                        });
                                    queue.take();
                                  })))
              .isSameAs(error);
          assertThat(Thread.interrupted()).isFalse();
        });
  }

  @OnEveryScheduler
  void forkInterruptible_endsWithItsScope(Scheduler scheduler) {
    // a fiber that blocks in the JDK ends when its scope is terminated
    scheduler.run(
        () -> {
          Bundle.run(
              bundle -> {
                bundle.forkInterruptible(queue::take);
                Fiber.yield();
                bundle.terminate();
              });
          Flock.run(
              OnReturn.TERMINATE,
              () -> {
                Flock.forkInterruptible(queue::take);
                Fiber.yield();
              });
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_bodyReturns(Scheduler scheduler) {
    // a body that returns in spite of the interrupt has returned, and no status is left
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () -> {
                  boolean interrupted =
                      Control.callInterruptible(
                          () -> {
                            computation.tryCancel(reason);
                            return Thread.currentThread().isInterrupted();
                          });
                  assertThat(interrupted).isTrue();
                  assertThat(Thread.interrupted()).isFalse();
                }));
  }

  @OnEveryScheduler
  void canceledBefore(Scheduler scheduler) {
    // in a canceled fiber the body does not run
    AtomicBoolean ran = new AtomicBoolean();
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  assertThatThrownBy(() -> Control.runInterruptible(() -> ran.set(true)))
                      .isSameAs(reason);
                  assertThat(ran).isFalse();
                  assertThat(Thread.interrupted()).isFalse();
                }));
  }

  @OnEveryScheduler
  void canceledAfterwards(Scheduler scheduler) {
    // once it has returned, cancelation interrupts nobody
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () -> {
                  int value = Control.callInterruptible(() -> 1);
                  computation.tryCancel(reason);
                  assertThat(value).isEqualTo(1);
                  assertThat(Thread.interrupted()).isFalse();
                }));
  }

  @OnEveryScheduler
  void forbidden_runsAsItIs(Scheduler scheduler) {
    // where cancelation is forbidden nothing interrupts the body, canceled before or meanwhile
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () ->
                    Control.runProtected(
                        () -> {
                          boolean meanwhile =
                              Control.callInterruptible(
                                  () -> {
                                    computation.tryCancel(reason);
                                    return Thread.currentThread().isInterrupted();
                                  });
                          boolean before =
                              Control.callInterruptible(
                                  () -> Thread.currentThread().isInterrupted());
                          assertThat(meanwhile).isFalse();
                          assertThat(before).isFalse();
                        })));
  }

  @OnEveryScheduler
  void computationReturned_interruptsNobody(Scheduler scheduler) {
    // a computation that returns, before or meanwhile, is no cancelation
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () -> {
                  boolean meanwhile =
                      Control.callInterruptible(
                          () -> {
                            computation.tryReturn("done");
                            return Thread.currentThread().isInterrupted();
                          });
                  boolean before =
                      Control.callInterruptible(() -> Thread.currentThread().isInterrupted());
                  assertThat(meanwhile).isFalse();
                  assertThat(before).isFalse();
                }));
  }

  @OnEveryScheduler
  void thrownWithoutCancelation(Scheduler scheduler) {
    // what the body throws comes out unchanged, checked or not
    IOException checked = new IOException("checked");
    scheduler.run(() -> assertThatThrownBy(() -> interruptibleThrowing(checked)).isSameAs(checked));
  }

  private static int interruptibleThrowing(IOException thrown) throws IOException {
    return Control.callInterruptible(
        () -> {
          throw thrown;
        });
  }

  @OnEveryScheduler
  void interruptFromElsewhere_before(Scheduler scheduler) {
    // a status that is set before is seen by the body, as by any call of the JDK
    scheduler.run(
        () -> {
          Thread.currentThread().interrupt();
          assertThatThrownBy(() -> Control.callInterruptible(queue::take))
              .isInstanceOf(InterruptedException.class);
          assertThat(Thread.interrupted()).isFalse();
        });
  }

  @OnEveryScheduler
  void interruptFromElsewhere_stays(Scheduler scheduler) {
    // a status that is set before and seen by nobody stays set
    scheduler.run(
        () -> {
          Thread.currentThread().interrupt();
          int value = Control.callInterruptible(() -> 1);
          assertThat(value).isEqualTo(1);
          assertThat(Thread.interrupted()).isTrue();
        });
  }

  @OnEveryScheduler
  void interruptFromElsewhere_beforeCancelation(Scheduler scheduler) {
    // a status that is set before is set again after an interrupt of the cancelation
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () -> {
                  Thread.currentThread().interrupt();
                  assertThatThrownBy(
                          () ->
                              Control.callInterruptible(
                                  () -> {
                                    computation.tryCancel(reason);
                                    return queue.take();
                                  }))
                      .isSameAs(reason);
                  assertThat(Thread.interrupted()).isTrue();
                }));
  }

  @Test
  void interruptFromElsewhere_meanwhile() throws Exception {
    // an interrupt that is not of the cancelation comes out as what the body throws for it
    Task<String> task = Task.start(() -> Control.callInterruptible(queue::take));
    task.untilParked();
    task.thread().interrupt();
    assertThatThrownBy(task::result).isInstanceOf(InterruptedException.class);
  }

  @OnEveryScheduler
  void race_ofCancelationAndEnd(Scheduler scheduler) {
    // whenever the cancelation comes, no interrupt is left or still on its way when it has returned
    scheduler.run(
        () -> {
          for (int round = 0; round < ROUNDS; round++) {
            Computation<Object> each = new Computation<>();
            Computation<Object> canceler = Fibers.start(() -> each.tryCancel(reason));
            int spins = round % 200;
            Canceled.under(
                each,
                () -> {
                  try {
                    Control.runInterruptible(
                        () -> {
                          for (int i = 0; i < spins; i++) {
                            Thread.onSpinWait();
                          }
                          Thread.yield();
                        });
                  } catch (CancellationException thrown) {
                    assertThat(thrown).isSameAs(reason);
                  }
                  assertThat(Thread.interrupted()).isFalse();
                });
            canceler.join();
            assertThat(Thread.interrupted()).isFalse();
          }
        });
  }

  @Test
  void race_onPlatformThread() throws Exception {
    // the same on a platform thread, canceled by another one
    AtomicReference<Computation<Object>> begun = new AtomicReference<>(new Computation<>());
    AtomicBoolean ended = new AtomicBoolean();
    Task<Integer> canceler =
        Task.start(
            () -> {
              int canceled = 0;
              while (!ended.get()) {
                canceled += begun.get().tryCancel(reason) ? 1 : 0;
                Thread.onSpinWait();
              }
              return canceled;
            });
    Task<Integer> interrupted =
        Task.start(
            () -> {
              int thrown = 0;
              for (int round = 0; round < ROUNDS; round++) {
                thrown += interruptedBy(begun) ? 1 : 0;
                assertThat(Thread.interrupted()).isFalse();
              }
              return thrown;
            });
    int thrown = interrupted.result();
    ended.set(true);
    assertThat(canceler.result()).isGreaterThanOrEqualTo(thrown);
  }

  private static boolean interruptedBy(AtomicReference<Computation<Object>> begun) {
    Computation<Object> each = new Computation<>();
    boolean[] thrown = {false};
    Canceled.under(
        each,
        () -> {
          try {
            Control.runInterruptible(
                () -> {
                  begun.set(each);
                  Thread.onSpinWait();
                  if (Thread.interrupted()) {
                    throw new InterruptedException();
                  }
                });
          } catch (CancellationException byReason) {
            thrown[0] = true;
          } catch (InterruptedException unexplained) {
            throw new AssertionError(unexplained);
          }
        });
    return thrown[0];
  }

  @OnEveryScheduler
  void misuse(Scheduler scheduler) {
    // null is refused
    scheduler.run(
        () ->
            assertThatNullPointerException()
                .isThrownBy(() -> Control.callInterruptible((Body<Object, IOException>) null)));
  }

  @OnEveryScheduler
  void runWithin_interrupts(Scheduler scheduler) {
    // The interrupt with which a run ends its last action is neither an error nor left behind
    IllegalStateException error = new IllegalStateException("of another action");
    scheduler.run(
        () -> {
          Control.runInterruptible(() -> Run.any(() -> {}, () -> queue.take()));
          assertThat(Thread.interrupted()).isFalse();
          assertThatThrownBy(
                  () ->
                      Control.runInterruptible(
                          () ->
                              Run.all(
                                  () -> {
                                    throw error;
                                  },
                                  () -> queue.take())))
              .isSameAs(error);
          assertThat(Thread.interrupted()).isFalse();
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_failureOfClose(Scheduler scheduler) {
    // What a resource throws that is closed on the way is not lost, neither beside an interrupt nor
    // beside the wrapper of the reason
    IOException failure = new IOException("of close");
    Closeable failing =
        () -> {
          throw failure;
        };
    TimeoutException checked = new TimeoutException("checked");
    for (Exception interrupted :
        List.of(new InterruptedException(), ComputationException.unchecked(checked))) {
      Computation<Object> each = new Computation<>();
      scheduler.run(
          () ->
              Canceled.under(
                  each,
                  () -> {
                    assertThatThrownBy(
                            () ->
                                Control.runInterruptible(
                                    () -> {
                                      try (failing) {
                                        each.tryCancel(checked);
                                        throw interrupted;
                                      }
                                    }))
                        .isSameAs(interrupted)
                        .hasSuppressedException(failure)
                        .hasSuppressedException(checked);
                    assertThat(Thread.interrupted()).isFalse();
                  }));
    }
  }
}
