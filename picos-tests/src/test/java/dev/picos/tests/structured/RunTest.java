package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
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
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.ErrorsException;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.Run;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
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
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
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
    // All, any and map of nothing return; firstSuccess of nothing has no value to give
    scheduler.run(
        () -> {
          Run.all();
          Run.any();
          Run.all(List.of());
          Run.any(List.of());
          assertThat(Run.callAll(List.of())).isEmpty();
          assertThat(Run.map(1, List.of(), item -> item)).isEmpty();
          assertThatThrownBy(() -> Run.firstSuccess(List.of()))
              .isInstanceOf(NoSuchElementException.class);
        });
  }

  @OnEveryScheduler
  void all_waitsForAll(Scheduler scheduler) {
    // all returns when every action has ended
    scheduler.run(
        () -> {
          Run.all(
              List.of(
                  counting, () -> Control.sleep(Duration.ofMillis(5)), Control::yield, counting));
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
          Run.any(blocking, blocking, Control::yield, blocking);
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
    // What comes out is, or contains, every error that an action threw, in many orders
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
                        blocking));
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
  void timeout_isAnError(Scheduler scheduler) {
    // An action whose time is over has not ended well, and neither has the run
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Run.all(counting, () -> Control.runWithin(Duration.ofMillis(2), blocking)))
                .hasCauseInstanceOf(TimeoutException.class));
    assertThat(ended.get()).isEqualTo(started.get() + 1);
  }

  @OnEveryScheduler
  void foreignTerminate_isAnError(Scheduler scheduler) {
    // A TerminateException that nobody has stopped the run with is an error like any other
    TerminateException foreign = new TerminateException();
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Run.all(
                            () -> {
                              throw foreign;
                            },
                            blocking))
                .isSameAs(foreign));
  }

  @OnEveryScheduler
  void callAll_inOrder(Scheduler scheduler) {
    // The results are in the order of the actions, in whichever order they end, null included
    scheduler.run(
        () -> {
          Computation<Object> first = new Computation<>();
          List<Object> results =
              Run.callAll(
                  first::await,
                  () -> null,
                  () -> {
                    first.tryReturn("one");
                    return 3;
                  });
          assertThat(results).containsExactly("one", null, 3);
        });
  }

  @OnEveryScheduler
  void callAll_error(Scheduler scheduler) {
    // An error of one comes out, and the others are stopped
    Body<Integer, RuntimeException> blockingForValue =
        () -> {
          blocking.run();
          return 1;
        };
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Run.callAll(
                          blockingForValue,
                          () -> {
                            throw error;
                          }))
              .isSameAs(error);
          assertThat(ended.get()).isEqualTo(started.get());
        });
  }

  @OnEveryScheduler
  void map_inOrder(Scheduler scheduler) {
    // Every item is mapped once, no more at a time than the limit, and the order is kept
    List<Integer> items = IntStream.range(0, 100).boxed().toList();
    AtomicInteger atWork = new AtomicInteger();
    AtomicInteger mostAtWork = new AtomicInteger();
    scheduler.run(
        () -> {
          List<Integer> squares =
              Run.map(
                  3,
                  items,
                  item -> {
                    mostAtWork.accumulateAndGet(atWork.incrementAndGet(), Math::max);
                    Control.yield();
                    atWork.decrementAndGet();
                    return item * item;
                  });
          assertThat(squares).isEqualTo(items.stream().map(item -> item * item).toList());
          assertThat(mostAtWork.get()).isBetween(1, 3);
        });
  }

  @OnEveryScheduler
  void map_error(Scheduler scheduler) {
    // After an error no more items are begun
    List<Integer> items = IntStream.range(0, 1_000).boxed().toList();
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Run.forEach(
                            2,
                            items,
                            item -> {
                              started.incrementAndGet();
                              if (item == 10) {
                                throw error;
                              }
                              Control.yield();
                            }))
                .isSameAs(error));
    assertThat(started.get()).isLessThan(1_000);
  }

  @OnEveryScheduler
  void firstSuccess_value(Scheduler scheduler) {
    // The first value is returned, null included, and the others are terminated
    scheduler.run(
        () -> {
          int value =
              Run.firstSuccess(
                  () -> {
                    blocking.run();
                    return 1;
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
          assertThat(Run.<Object>firstSuccess(nothing)).isNull();
        });
  }

  @OnEveryScheduler
  void firstSuccess_failureBefore(Scheduler scheduler) {
    // An action that fails does not fail the race
    Computation<Object> failed = new Computation<>();
    scheduler.run(
        () -> {
          Object value =
              Run.<Object>firstSuccess(
                  () -> {
                    failed.tryReturn("failed");
                    throw new IOException("refused");
                  },
                  () -> {
                    failed.await();
                    return "second";
                  });
          assertThat(value).isEqualTo("second");
        });
  }

  @OnEveryScheduler
  void firstSuccess_loserFails(Scheduler scheduler) {
    // What a loser throws while it is stopped does not take the winner away
    Computation<Object> begun = new Computation<>();
    scheduler.run(
        () -> {
          Object value =
              Run.<Object>firstSuccess(
                  () -> {
                    begun.tryReturn("begun");
                    try {
                      Control.block();
                    } finally {
                      Fibers.<IOException>sneak(new IOException("socket closed"));
                    }
                    return 1;
                  },
                  begun::await);
          assertThat(value).isEqualTo("begun");
        });
  }

  @OnEveryScheduler
  void firstSuccess_allFail(Scheduler scheduler) {
    // If all fail, all failures come out; the one of a single action as it is
    RuntimeException other = new IllegalArgumentException("other");
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Run.firstSuccess(
                          () -> {
                            throw error;
                          },
                          () -> {
                            throw other;
                          }))
              .isInstanceOfSatisfying(
                  ErrorsException.class,
                  errors -> assertThat(errors.errors()).containsExactlyInAnyOrder(error, other));
          assertThatThrownBy(
                  () ->
                      Run.firstSuccess(
                          () -> {
                            throw error;
                          }))
              .isSameAs(error);
        });
  }

  @OnEveryScheduler
  void firstSuccess_loserHasAValue(Scheduler scheduler) {
    // Every value but the winner's is given to onLoser, which nothing cuts short, and may fail
    scheduler.run(
        () -> {
          for (int round = 0; round < 20; round++) {
            ConcurrentLinkedQueue<Integer> opened = new ConcurrentLinkedQueue<>();
            ConcurrentLinkedQueue<Integer> closed = new ConcurrentLinkedQueue<>();
            List<Body<Integer, RuntimeException>> actions = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
              int connection = i;
              actions.add(
                  () ->
                      Control.callProtected(
                          () -> {
                            Control.yield();
                            opened.add(connection);
                            return connection;
                          }));
            }
            int winner =
                Run.firstSuccess(
                    actions,
                    connection -> {
                      Control.yield();
                      closed.add(connection);
                    });
            closed.add(winner);
            assertThat(closed).containsExactlyInAnyOrderElementsOf(opened);
          }
        });
  }

  @OnEveryScheduler
  void firstSuccess_canceledWithAWinner(Scheduler scheduler) {
    // If the caller is canceled, the winner is given to onLoser, too
    Computation<Object> computation = new Computation<>();
    List<Object> closed = new ArrayList<>();
    scheduler.run(
        () ->
            Canceled.under(
                computation,
                () ->
                    assertThatThrownBy(
                            () ->
                                Run.<Object>firstSuccess(
                                    List.of(
                                        () -> {
                                          computation.tryCancel(reason);
                                          return "won";
                                        }),
                                    closed::add))
                        .isSameAs(reason)));
    assertThat(closed).containsExactly("won");
  }

  @Test
  void decided_restIsSkipped() {
    // Once decided, actions that have not started are skipped; on fifo that is the later
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
                  assertThatThrownBy(() -> Run.firstSuccess(() -> 1)).isSameAs(reason);
                  assertThatThrownBy(Run::all).isSameAs(reason);
                }));
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void canceledMeanwhile_allEnd(Scheduler scheduler) {
    // A canceled run throws the reason when all the actions that were started have ended
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
    // A hundred sleeps at once; the default timeout would not allow them one after another
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
              .isThrownBy(() -> Run.firstSuccess(Arrays.asList(() -> 1, null)));
          assertThatNullPointerException()
              .isThrownBy(() -> Run.callAll(Arrays.asList(() -> 1, null)));
          assertThatIllegalArgumentException()
              .isThrownBy(() -> Run.map(0, List.of(1), item -> item))
              .withMessageContaining("0");
        });
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void firstSuccess_allFailWithTheSame(Scheduler scheduler) {
    // A failure that all actions share comes out once, as it does of other scopes
    RuntimeException shared = new IllegalStateException("shared");
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Run.firstSuccess(
                            () -> {
                              throw shared;
                            },
                            () -> {
                              throw shared;
                            }))
                .isSameAs(shared));
  }

  @OnEveryScheduler
  void firstSuccess_allFindTheStopOfTheScope(Scheduler scheduler) {
    // All actions may come across the stop of the scope before it reaches them; that is silent
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Promise<Integer> promise =
                      bundle.forkAsPromise(
                          () -> {
                            Control.block();
                            return 1;
                          });
                  bundle.fork(
                      () ->
                          Control.runShielded(
                              () -> {
                                bundle.terminate();
                                Run.firstSuccess(promise::await, promise::await);
                              }));
                }));
  }
}
