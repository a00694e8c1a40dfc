package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Scheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.ErrorsException;
import dev.picos.std.structured.Run;
import dev.picos.std.structured.Terminate;
import dev.picos.testing.Task;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RunTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException error = new IllegalStateException("error");
  private final AtomicInteger started = new AtomicInteger();
  private final AtomicInteger ended = new AtomicInteger();

  private final Block<RuntimeException> counting = ended::incrementAndGet;
  private final Block<RuntimeException> throwing =
      () -> {
        throw error;
      };
  private final Block<RuntimeException> terminating = () -> Control.terminateUnless(false);
  private final Block<RuntimeException> blocking =
      () -> {
        started.incrementAndGet();
        try {
          Control.block();
        } finally {
          ended.incrementAndGet();
        }
      };

  @OnEveryScheduler
  void noActions(Scheduler scheduler) {
    // RU-01: all and any of nothing return; firstOrTerminate of nothing throws Terminate
    scheduler.run(
        () -> {
          Run.all();
          Run.any();
          Run.all(List.of());
          Run.any(List.of());
          assertThatThrownBy(() -> Run.firstOrTerminate(List.of())).isInstanceOf(Terminate.class);
        });
  }

  @OnEveryScheduler
  void all_waitsForAll(Scheduler scheduler) {
    // all returns when every action has ended; one that throws Terminate has just ended
    scheduler.run(
        () -> {
          Run.all(
              List.of(
                  counting,
                  () -> Control.sleep(Duration.ofMillis(5)),
                  terminating,
                  Control::yield,
                  counting,
                  terminating));
          assertThat(ended).hasValue(2);
        });
  }

  @OnEveryScheduler
  void all_runsConcurrently(Scheduler scheduler) {
    // every action has a fiber of its own, the last one that of the caller
    Computation<Fiber> first = new Computation<>();
    Computation<Fiber> last = new Computation<>();
    scheduler.run(
        () -> {
          Run.all(
              () -> {
                first.tryReturn(Fiber.current());
                last.await();
              },
              () -> {
                last.tryReturn(Fiber.current());
                first.await();
              });
          assertThat(last.await()).isSameAs(Fiber.current());
          assertThat(first.await()).isNotSameAs(Fiber.current());
        });
  }

  @OnEveryScheduler
  void any_firstEndsTheOthers(Scheduler scheduler) {
    // any returns when one action has returned, and the others are terminated
    scheduler.run(
        () -> {
          Run.any(blocking, terminating, blocking, Control::yield, blocking);
          assertThat(ended.get()).isEqualTo(started.get());
          Run.any(counting, blocking);
          Run.any(blocking, counting);
          assertThat(ended.get()).isEqualTo(started.get() + 2);
        });
  }

  @OnEveryScheduler
  void error_endsTheOthersAndComesOut(Scheduler scheduler) {
    // an error of any action, the last one included, terminates the others and comes out
    scheduler.run(
        () -> {
          for (List<Block<RuntimeException>> actions :
              List.of(List.of(blocking, throwing, blocking), List.of(blocking, throwing))) {
            assertThatThrownBy(() -> Run.all(actions)).isSameAs(error);
            assertThatThrownBy(() -> Run.any(actions)).isSameAs(error);
          }
          assertThat(ended.get()).isEqualTo(started.get());
        });
  }

  @OnEveryScheduler
  void error_checkedIsCarried(Scheduler scheduler) {
    // a checked error comes out inside a ComputationException, also that of the last action
    IOException checked = new IOException("checked");
    Block<IOException> throwingChecked =
        () -> {
          throw checked;
        };
    scheduler.run(
        () -> {
          for (Block<?>[] actions :
              List.of(
                  new Block<?>[] {throwingChecked, counting}, new Block<?>[] {throwingChecked})) {
            assertThatThrownBy(() -> Run.all(actions))
                .isInstanceOf(ComputationException.class)
                .extracting(Throwable::getCause)
                .isSameAs(checked);
          }
        });
  }

  @OnEveryScheduler
  void errors_allThatWereThrown(Scheduler scheduler) {
    // RU-03: what comes out is, or contains, every error that an action threw, in many orders
    scheduler.run(
        () -> {
          for (int seed = 0; seed < 200; seed++) {
            ConcurrentLinkedQueue<Throwable> thrown = new ConcurrentLinkedQueue<>();
            List<Block<?>> actions =
                new ArrayList<>(
                    List.of(
                        recording(thrown, new NoSuchElementException()),
                        recording(thrown, new ArithmeticException()),
                        recording(thrown, new OutOfMemoryError("not really")),
                        blocking,
                        terminating));
            Collections.shuffle(actions, new Random(seed));
            boolean any = seed % 2 == 0;
            assertThatThrownBy(
                    () -> {
                      if (any) {
                        Run.any(actions);
                      } else {
                        Run.all(actions);
                      }
                    })
                .satisfies(
                    all ->
                        assertThat(
                                all instanceof ErrorsException errors
                                    ? errors.errors()
                                    : List.of(all))
                            .containsExactlyInAnyOrderElementsOf(thrown));
          }
          assertThat(ended.get()).isEqualTo(started.get());
        });
  }

  private static Block<RuntimeException> recording(
      ConcurrentLinkedQueue<Throwable> thrown, Throwable each) {
    return () -> {
      thrown.add(each);
      Fibers.<RuntimeException>sneak(each);
    };
  }

  @OnEveryScheduler
  void firstOrTerminate_value(Scheduler scheduler) {
    // RU-05: the first value is returned, null included, and the others are terminated
    scheduler.run(
        () -> {
          int value =
              Run.firstOrTerminate(
                  () -> {
                    blocking.run();
                    return 1;
                  },
                  () -> {
                    terminating.run();
                    return 2;
                  },
                  () -> {
                    Control.yield();
                    return 3;
                  },
                  () -> {
                    blocking.run();
                    return 4;
                  });
          assertThat(value).isEqualTo(3);
          assertThat(ended.get()).isEqualTo(started.get());
          List<Body<Object, RuntimeException>> nothing = List.of(() -> null);
          assertThat(Run.<Object>firstOrTerminate(nothing)).isNull();
        });
  }

  @OnEveryScheduler
  void firstOrTerminate_noValue(Scheduler scheduler) {
    // RU-05: if all throw Terminate, it throws Terminate
    Body<Integer, RuntimeException> terminated =
        () -> {
          terminating.run();
          return 1;
        };
    scheduler.run(
        () ->
            assertThatThrownBy(() -> Run.firstOrTerminate(terminated, terminated, terminated))
                .isInstanceOf(Terminate.class));
  }

  @OnEveryScheduler
  void firstOrTerminate_errorWins(Scheduler scheduler) {
    // RU-05: an error of any action wins over a value
    Computation<Object> begun = new Computation<>();
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Run.firstOrTerminate(
                            () -> {
                              begun.tryReturn("begun");
                              try {
                                Control.block();
                              } catch (Terminate decided) {
                                throw error;
                              }
                              return 1;
                            },
                            () -> {
                              begun.await();
                              return 2;
                            }))
                .isSameAs(error));
  }

  @Test
  void decided_restIsSkipped() {
    // RU-06: once decided, actions that have not started are skipped; on fifo that is the later
    // ones
    Scheduler fifo = FifoScheduler.create();
    fifo.run(
        () -> {
          assertThatThrownBy(() -> Run.all(throwing, counting, counting, Control::yield))
              .isSameAs(error);
          Run.any(Control::check, counting, counting, Control::yield);
        });
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void canceledBefore_nothingRuns(Scheduler scheduler) {
    // in a canceled fiber no action runs, not even of an empty list
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  assertThatThrownBy(() -> Run.all(counting)).isSameAs(reason);
                  assertThatThrownBy(() -> Run.any(counting)).isSameAs(reason);
                  assertThatThrownBy(() -> Run.firstOrTerminate(() -> 1)).isSameAs(reason);
                  assertThatThrownBy(Run::all).isSameAs(reason);
                }));
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void canceledMeanwhile_allEnd(Scheduler scheduler) {
    // RU-08: a canceled run throws the reason when all the actions that were started have ended
    scheduler.run(
        () -> {
          for (int round = 0; round < 100; round++) {
            Computation<Object> computation = new Computation<>();
            Computation<Object> run =
                Fibers.startUnder(
                    computation,
                    () -> {
                      Run.all(blocking, blocking, blocking);
                      return "returned";
                    });
            for (int i = 0; i < round % 8; i++) {
              Fiber.yield();
            }
            computation.tryCancel(reason);
            assertThatThrownBy(run::await).isSameAs(reason);
            assertThat(ended.get()).isEqualTo(started.get());
          }
        });
  }

  @Test
  void refusedBySpawn_isAnError() throws Exception {
    // a spawn that fails is an error of the run: what was started ends, and it comes out
    OutOfMemoryError refusal = new OutOfMemoryError("spawn");
    Task<Object> task =
        Task.start(
            () -> {
              Handler.using(
                  new RefusingHandler(1, refusal), () -> Run.all(blocking, blocking, counting));
              return null;
            });
    assertThatThrownBy(task::result).isSameAs(refusal);
    assertThat(ended.get()).isEqualTo(started.get());
  }

  @OnEveryScheduler
  void sleepsOverlap(Scheduler scheduler) {
    // RU-10: a hundred sleeps at once; the default timeout would not allow them one after another
    List<Block<RuntimeException>> sleeps =
        Collections.nCopies(
            2_000,
            () -> {
              Control.sleep(Duration.ofMillis(100));
              ended.incrementAndGet();
            });
    scheduler.run(() -> Run.all(sleeps));
    assertThat(ended).hasValue(2_000);
  }

  @OnEveryScheduler
  void misuse(Scheduler scheduler) {
    // null, also for an action, is refused before anything is started
    scheduler.run(
        () -> {
          assertThatNullPointerException().isThrownBy(() -> Run.all((List<Block<?>>) null));
          assertThatNullPointerException().isThrownBy(() -> Run.all(Arrays.asList(counting, null)));
          assertThatNullPointerException().isThrownBy(() -> Run.any(Arrays.asList(counting, null)));
          assertThatNullPointerException()
              .isThrownBy(() -> Run.firstOrTerminate(Arrays.asList(() -> 1, null)));
        });
    assertThat(ended).hasValue(0);
  }
}
