package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Handler;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Who may fork into a bundle, and when. */
class BundleForkTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException error = new IllegalStateException("error");
  private final AtomicInteger ended = new AtomicInteger();

  @OnEveryScheduler
  void afterTheJoin_isRefused(Scheduler scheduler) {
    // An escaped bundle takes no fibers, promises or errors after the join
    scheduler.run(
        () -> {
          Bundle escaped = Bundle.call(bundle -> bundle);
          assertThatIllegalStateException()
              .isThrownBy(() -> escaped.fork(ended::incrementAndGet))
              .withMessageContaining("already completed");
          assertThatIllegalStateException().isThrownBy(() -> escaped.forkAsPromise(() -> 1));
          assertThatIllegalStateException().isThrownBy(() -> escaped.error(error));
          escaped.terminate();
          assertThat(escaped).hasToString("Bundle[left]");
          Control.yield();
          assertThat(ended).hasValue(0);
        });
  }

  @OnEveryScheduler
  void afterTerminate_isRefused(Scheduler scheduler) {
    // A terminated bundle takes no fibers or promises, even where cancelation is forbidden
    TerminateException terminate = new TerminateException();
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  bundle.terminate(terminate);
                  Block<RuntimeException> fork = () -> bundle.fork(ended::incrementAndGet);
                  Body<Object, RuntimeException> promise =
                      () -> bundle.forkAsPromise(ended::incrementAndGet);
                  assertThatThrownBy(fork::run).isSameAs(terminate);
                  assertThatThrownBy(promise::run).isSameAs(terminate);
                  assertThatThrownBy(() -> Control.runProtected(fork)).isSameAs(terminate);
                  assertThatThrownBy(() -> Control.callProtected(promise)).isSameAs(terminate);
                }));
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void fromForeignFiber_afterTerminate(Scheduler scheduler) {
    // Nor from a fiber that is not of the bundle, to which the reason means nothing
    TerminateException terminate = new TerminateException();
    Computation<Bundle> handedOut = new Computation<>();
    scheduler.run(
        () -> {
          Computation<Object> foreign =
              Fibers.start(
                  () -> {
                    handedOut.await().fork(ended::incrementAndGet);
                    return "forked";
                  });
          Bundle.run(
              bundle -> {
                bundle.terminate(terminate);
                handedOut.tryReturn(bundle);
                Control.runProtected(foreign::join);
              });
          assertThatIllegalStateException()
              .isThrownBy(foreign::await)
              .withMessageContaining("stopped")
              .withCause(terminate);
          assertThat(ended).hasValue(0);
        });
  }

  @OnEveryScheduler
  void fromForeignFiber_isWaitedFor(Scheduler scheduler) throws Exception {
    // a fiber that a foreign fiber or thread forks is of the bundle like any other
    Computation<Bundle> handedOut = new Computation<>();
    scheduler.run(
        () -> {
          Task<Object> foreign =
              Task.start(
                  () -> {
                    handedOut.await().fork(ended::incrementAndGet);
                    return "forked";
                  });
          Bundle.run(
              bundle -> {
                handedOut.tryReturn(bundle);
                foreign.result();
              });
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void inCanceledFiber_isRefused(Scheduler scheduler) {
    // a canceled fiber throws its reason from fork, and nothing is started
    scheduler.run(
        () ->
            Bundle.run(
                (Bundle bundle) ->
                    Canceled.with(
                        reason,
                        () -> {
                          assertThatThrownBy(() -> bundle.fork(ended::incrementAndGet))
                              .isSameAs(reason);
                          assertThatThrownBy(() -> bundle.forkAsPromise(ended::incrementAndGet))
                              .isSameAs(reason);
                        })));
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void canceledBeforeItStarts_runsAllTheSame(Scheduler scheduler) {
    // once fork has returned the body runs, even if the bundle is terminated before it starts
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  bundle.fork(ended::incrementAndGet);
                  bundle.forkAsPromise(ended::incrementAndGet);
                  bundle.terminate();
                }));
    assertThat(ended).hasValue(2);
  }

  @Test
  void refusedBySpawn_nobodyIsLost() throws Exception {
    // a spawn that fails, for lack of memory say, is an error like any: all end, and it comes out
    OutOfMemoryError refusal = new OutOfMemoryError("spawn");
    Task<Object> task =
        Task.start(
            () -> {
              Handler.using(
                  new RefusingHandler(2, refusal),
                  () ->
                      Bundle.run(
                          bundle -> {
                            bundle.fork(() -> Children.blockAndEndSlowly(ended));
                            bundle.forkAsPromise(
                                () -> {
                                  Children.blockAndEndSlowly(ended);
                                  return 1;
                                });
                            bundle.fork(ended::incrementAndGet);
                          }));
              return null;
            });
    assertThatThrownBy(task::result).isSameAs(refusal);
    assertThat(ended).hasValue(2);
  }

  @Test
  void refusedBySpawn_bundleGoesOn() throws Exception {
    // a main body that handles the failed spawn goes on, and the join waits for nobody else
    OutOfMemoryError refusal = new OutOfMemoryError("spawn");
    Task<Object> task =
        Task.start(
            () -> {
              Handler.using(
                  new RefusingHandler(0, refusal),
                  () ->
                      Bundle.run(
                          bundle -> {
                            assertThatThrownBy(() -> bundle.fork(ended::incrementAndGet))
                                .isSameAs(refusal);
                            assertThatThrownBy(() -> bundle.forkAsPromise(() -> 1))
                                .isSameAs(refusal);
                            Control.check();
                          }));
              return "ended";
            });
    assertThat(task.result()).isEqualTo("ended");
  }

  @OnEveryScheduler
  void race_ofTerminateAndForks(Scheduler scheduler) {
    // every fork that returned is run and waited for, whenever the bundle is terminated
    scheduler.run(
        () -> {
          for (int round = 0; round < 1_000; round++) {
            AtomicInteger forked = new AtomicInteger();
            AtomicInteger run = new AtomicInteger();
            Bundle.run(
                bundle -> {
                  bundle.fork(
                      () -> {
                        for (; ; ) {
                          bundle.fork(run::incrementAndGet);
                          forked.incrementAndGet();
                          Control.yield();
                        }
                      });
                  bundle.fork(bundle::terminate);
                });
            assertThat(run.get()).isEqualTo(forked.get());
          }
        });
  }
}
