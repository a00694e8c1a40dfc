package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.testing.Task;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
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
              Fibers.startUnder(computation, () -> Control.interruptible(queue::take));
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
                      Control.interruptible(
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
              Fibers.startUnder(computation, () -> Control.interruptible(queue::take));
          Fiber.yield();
          computation.tryCancel(checked);
          assertThatThrownBy(taker::await)
              .isInstanceOf(ComputationException.class)
              .extracting(Throwable::getCause)
              .isSameAs(checked);
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_bodyThrowsAnything(Scheduler scheduler) {
    // whatever the body throws after the interrupt, the reason is thrown, and no status is left
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () -> {
                  assertThatThrownBy(
                          () ->
                              Control.interruptible(
                                  () -> {
                                    computation.tryCancel(reason);
                                    throw new IllegalStateException("of the body");
                                  }))
                      .isSameAs(reason);
                  assertThat(Thread.interrupted()).isFalse();
                }));
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
                      Control.interruptible(
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
                  assertThatThrownBy(() -> Control.interruptible(() -> ran.set(true)))
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
                  int value = Control.interruptible(() -> 1);
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
                    Control.protect(
                        () -> {
                          boolean meanwhile =
                              Control.interruptible(
                                  () -> {
                                    computation.tryCancel(reason);
                                    return Thread.currentThread().isInterrupted();
                                  });
                          boolean before =
                              Control.interruptible(() -> Thread.currentThread().isInterrupted());
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
                      Control.interruptible(
                          () -> {
                            computation.tryReturn("done");
                            return Thread.currentThread().isInterrupted();
                          });
                  boolean before =
                      Control.interruptible(() -> Thread.currentThread().isInterrupted());
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
    return Control.interruptible(
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
          assertThatThrownBy(() -> Control.interruptible(queue::take))
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
          int value = Control.interruptible(() -> 1);
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
                              Control.interruptible(
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
    Task<String> task = Task.start(() -> Control.interruptible(queue::take));
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
                    Control.interruptible(
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
            Control.interruptible(
                () -> {
                  begun.set(each);
                  Thread.onSpinWait();
                  if (Thread.interrupted()) {
                    throw new IllegalStateException("interrupted");
                  }
                });
          } catch (CancellationException byReason) {
            thrown[0] = true;
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
                .isThrownBy(() -> Control.interruptible((Body<Object, IOException>) null)));
  }
}
