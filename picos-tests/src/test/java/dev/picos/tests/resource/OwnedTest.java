package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.resource.Owned;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.std.structured.TerminateException;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Latch;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OwnedTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final Tracked resource = new Tracked();

  private <E extends Exception> void runOwned(BlockWith<? super Owned<Tracked>, E> body) throws E {
    Owned.run(() -> resource, Tracked::release, body);
  }

  /** An instance that its owner, the calling fiber, has dropped by now. */
  private Owned<Tracked> dropped() {
    List<Owned<Tracked>> escaped = new ArrayList<>();
    runOwned(
        owned -> {
          owned.drop();
          escaped.add(owned);
        });
    return escaped.getFirst();
  }

  private static void letOthersRun() {
    for (int i = 0; i < 20; i++) {
      Fiber.yield();
    }
  }

  /** All that needs the resource to be here. */
  private static List<Block<RuntimeException>> uses(Owned<Tracked> owned) {
    return List.of(
        () -> owned.runBorrowed(Tracked::use),
        () -> owned.runMoved(Tracked::use),
        () ->
            owned.runTransferred(
                target -> {
                  target.drop();
                }));
  }

  private static void assertMisuse(Owned<Tracked> owned, String message) {
    for (Block<RuntimeException> use : uses(owned)) {
      assertThatIllegalStateException().isThrownBy(use::run).withMessage(message);
    }
  }

  @Nested
  class Ends {
    @OnEveryScheduler
    void dropped_inBody(Scheduler scheduler) {
      // Nothing to wait for once the instance is dropped; dropping again does nothing
      String value =
          scheduler.call(
              () ->
                  Owned.call(
                      () -> resource,
                      Tracked::release,
                      owned -> {
                        owned.runBorrowed(Tracked::use);
                        owned.drop();
                        assertThat(resource.releases()).isOne();
                        owned.drop();
                        owned.close();
                        return "value";
                      }));

      assertThat(value).isEqualTo("value");
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void moved_inBody(Scheduler scheduler) {
      // Nor once it is moved, which the owner itself may do; dropping it then does nothing
      scheduler.run(
          () ->
              runOwned(
                  owned -> {
                    String value =
                        owned.callMoved(
                            tracked -> {
                              owned.drop();
                              tracked.use();
                              return "moved";
                            });
                    assertThat(value).isEqualTo("moved");
                    assertThat(resource.releases()).isOne();
                    owned.drop();
                  }));

      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void canceledFiber_withNothingToWaitFor(Scheduler scheduler) {
      // Then a canceled fiber is not told
      scheduler.run(() -> Canceled.with(reason, () -> runOwned(Owned::drop)));

      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void bodyThrows(Scheduler scheduler) {
      // Released, and the exception comes out, that very object, checked or not
      int thrown = 0;
      for (Throwable each :
          List.of(
              new IOException("thrown"), reason, new AssertionError(), new TerminateException())) {
        assertThatThrownBy(
                () ->
                    scheduler.run(
                        () ->
                            runOwned(
                                owned -> {
                                  Fibers.sneak(each);
                                })))
            .isSameAs(each);
        thrown++;
        assertThat(resource.releases()).isEqualTo(thrown);
      }
    }

    @OnEveryScheduler
    void bodyThrows_afterMove(Scheduler scheduler) {
      // What has another owner is not released when the body of the former one throws
      scheduler.run(
          () -> {
            Ivar<Object> end = new Ivar<>();
            List<Computation<Object>> mover = new ArrayList<>();
            assertThatThrownBy(
                    () ->
                        runOwned(
                            owned -> {
                              Ivar<Object> moved = new Ivar<>();
                              mover.add(
                                  Fibers.start(
                                      () ->
                                          owned.callMoved(
                                              tracked -> {
                                                moved.fill("moved");
                                                end.read();
                                                tracked.use();
                                                return "served";
                                              })));
                              moved.read();
                              throw reason;
                            }))
                .isSameAs(reason);
            assertThat(resource.releases()).isZero();
            end.fill("end");
            assertThat(mover.getFirst().await()).isEqualTo("served");
            assertThat(resource.releases()).isOne();
          });
    }

    @OnEveryScheduler
    void movedByChild(Scheduler scheduler) {
      // The owner waits until a child has moved the resource; the child releases it at the
      // end of its body, and not earlier
      scheduler.run(
          () -> {
            Ivar<Object> end = new Ivar<>();
            Bundle.run(
                bundle -> {
                  runOwned(
                      owned ->
                          bundle.fork(
                              () -> {
                                letOthersRun();
                                owned.runMoved(
                                    tracked -> {
                                      end.read();
                                      tracked.use();
                                    });
                                assertThat(resource.releases()).isOne();
                              }));
                  assertThat(resource.releases()).isZero();
                  end.fill("end");
                });
          });
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void droppedByChild(Scheduler scheduler) {
      // the owner waits until the resource is released, when somebody else drops it
      scheduler.run(
          () -> {
            List<Computation<Object>> child = new ArrayList<>();
            Owned.run(
                () -> resource,
                tracked -> {
                  letOthersRun();
                  tracked.release();
                },
                owned -> {
                  child.add(
                      Fibers.start(
                          () -> {
                            try (owned) {
                              owned.runBorrowed(Tracked::use);
                              letOthersRun();
                              owned.runBorrowed(Tracked::use);
                            }
                            return "done";
                          }));
                });
            assertThat(resource.releases()).isOne();
            assertThat(child.getFirst().await()).isEqualTo("done");
          });
    }

    @OnEveryTwoSchedulers
    void movedByFiberOfAnotherScheduler(Scheduler one, Scheduler other) throws Exception {
      // an instance goes from a fiber of one scheduler to a fiber of another
      AtomicReference<Owned<Tracked>> offer = new AtomicReference<>();
      Task<Boolean> owner = Task.start(() -> one.run(() -> runOwned(offer::set)));
      Wait.until(() -> offer.get() != null);

      other.run(() -> offer.get().runMoved(Tracked::use));

      assertThat(owner.result()).isTrue();
      assertThat(resource.releases()).isOne();
    }

    @ParameterizedTest
    @EnumSource
    void plainThreads(Task.Kind kind) throws Exception {
      // No scheduler is needed, neither to wait nor to move
      AtomicReference<Owned<Tracked>> offer = new AtomicReference<>();
      Task<String> owner =
          Task.start(
              kind,
              () -> {
                runOwned(offer::set);
                return "over";
              });
      owner.untilParked();

      offer.get().runMoved(Tracked::use);

      assertThat(owner.result()).isEqualTo("over");
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void gone_isNotReferredTo(Scheduler scheduler) {
      // an instance whose resource has gone does not keep it from being collected
      List<Owned<Object>> instances = new ArrayList<>();
      List<WeakReference<Object>> references = new ArrayList<>();
      scheduler.run(
          () -> {
            for (BlockWith<Owned<Object>, RuntimeException> end :
                List.<BlockWith<Owned<Object>, RuntimeException>>of(
                    Owned::drop, owned -> owned.runMoved(object -> {}))) {
              Owned.run(
                  Object::new,
                  object -> {},
                  owned -> {
                    instances.add(owned);
                    owned.runBorrowed(
                        object -> {
                          references.add(new WeakReference<>(object));
                        });
                    end.run(owned);
                  });
            }
          });

      references.forEach(reference -> Wait.untilCollected(reference, instances));
    }
  }

  @Nested
  class Cancelation {
    private void assertDropped(
        Scheduler scheduler, BlockWith<Computation<Object>, RuntimeException> canceling) {
      scheduler.run(
          () -> {
            Computation<Object> computation = new Computation<>();
            Computation<Object> owner =
                Fibers.startUnder(
                    computation,
                    () -> {
                      runOwned(
                          owned -> {
                            canceling.run(computation);
                          });
                      return "over";
                    });
            letOthersRun();
            computation.tryCancel(reason);
            assertThatThrownBy(owner::await).isSameAs(reason);
          });
      assertThat(resource.releases()).isOne();
      assertThat(reason).hasNoSuppressedExceptions();
    }

    @OnEveryScheduler
    void beforeTheWait(Scheduler scheduler) {
      // an owner that is canceled when it comes to wait drops the resource and throws the reason
      assertDropped(scheduler, computation -> computation.tryCancel(reason));
    }

    @OnEveryScheduler
    void duringTheWait(Scheduler scheduler) {
      // so does one that is canceled while it waits
      assertDropped(scheduler, computation -> {});
    }

    @OnEveryScheduler
    void inTheBody(Scheduler scheduler) {
      // and one whose body throws the reason
      assertDropped(
          scheduler,
          computation -> {
            computation.tryCancel(reason);
            Control.check();
          });
    }

    @OnEveryScheduler
    void afterTheMove(Scheduler scheduler) {
      // an owner that is canceled after the move has nothing to do with the resource
      scheduler.run(
          () -> {
            Ivar<Object> end = new Ivar<>();
            Ivar<Owned<Tracked>> offer = new Ivar<>();
            Computation<Object> computation = new Computation<>();
            Computation<Object> owner =
                Fibers.startUnder(
                    computation,
                    () -> {
                      runOwned(offer::fill);
                      return "over";
                    });
            Computation<Object> mover =
                Fibers.start(
                    () ->
                        offer
                            .read()
                            .callMoved(
                                tracked -> {
                                  end.read();
                                  tracked.use();
                                  return "served";
                                }));
            assertThat(owner.await()).isEqualTo("over");
            computation.tryCancel(reason);
            letOthersRun();
            assertThat(resource.releases()).isZero();
            end.fill("end");
            assertThat(mover.await()).isEqualTo("served");
          });
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void ofMover(Scheduler scheduler) {
      // a canceled fiber takes over all the same, and its release is not cut short
      scheduler.run(
          () ->
              Owned.run(
                  () -> resource,
                  tracked -> {
                    letOthersRun();
                    tracked.release();
                  },
                  owned -> {
                    Canceled.with(
                        reason,
                        () ->
                            assertThatThrownBy(
                                    () ->
                                        owned.runMoved(
                                            tracked -> {
                                              tracked.use();
                                              Control.check();
                                            }))
                                .isSameAs(reason));
                  }));
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void computationReturnsMeanwhile(Scheduler scheduler) {
      // an owner whose computation returns still waits
      scheduler.run(
          () -> {
            Ivar<Owned<Tracked>> offer = new Ivar<>();
            Computation<Object> computation = new Computation<>();
            Computation<Object> owner =
                Fibers.startUnder(
                    computation,
                    () -> {
                      runOwned(offer::fill);
                      return "over";
                    });
            Owned<Tracked> owned = offer.read();
            computation.tryReturn("by another fiber");
            letOthersRun();
            assertThat(owner.isRunning()).isTrue();
            assertThat(resource.releases()).isZero();
            owned.drop();
            assertThat(owner.await()).isEqualTo("over");
          });
    }

    @OnEveryScheduler
    void forbidden(Scheduler scheduler) {
      // an owner that forbids cancelation waits on
      scheduler.run(
          () -> {
            Ivar<Owned<Tracked>> offer = new Ivar<>();
            Computation<Object> computation = new Computation<>();
            Computation<Object> owner =
                Fibers.startUnder(
                    computation,
                    () -> {
                      Control.runProtected(() -> runOwned(offer::fill));
                      return "over";
                    });
            computation.tryCancel(reason);
            letOthersRun();
            assertThat(owner.isRunning()).isTrue();
            offer.read().runMoved(Tracked::use);
            assertThat(owner.await()).isEqualTo("over");
          });
      assertThat(resource.releases()).isOne();
    }
  }

  @Nested
  class Misuse {
    private static final String BORROWED =
        "borrowed: a body that has not ended yet works with the resource";
    private static final String TRANSFERRED =
        "transferred: the resource was moved and has another owner";
    private static final String DROPPED = "dropped: the resource was given up for release";

    @OnEveryScheduler
    void transferred(Scheduler scheduler) {
      // What has another owner cannot be used
      scheduler.run(
          () ->
              runOwned(
                  owned -> {
                    owned.runMoved(
                        tracked -> {
                          assertMisuse(owned, TRANSFERRED);
                          Canceled.with(reason, () -> assertMisuse(owned, TRANSFERRED));
                          assertThat(owned).hasToString("Owned[transferred]");
                          tracked.use();
                        });
                    assertMisuse(owned, TRANSFERRED);
                  }));
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void borrowed(Scheduler scheduler) {
      // What is borrowed cannot be used otherwise, nor borrowed again; then it can
      scheduler.run(
          () ->
              runOwned(
                  owned -> {
                    owned.runBorrowed(
                        tracked -> {
                          assertMisuse(owned, BORROWED);
                          Canceled.with(reason, () -> assertMisuse(owned, BORROWED));
                          assertThat(owned).hasToString("Owned[borrowed]");
                          tracked.use();
                        });
                    owned.runMoved(Tracked::use);
                  }));
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void dropped_(Scheduler scheduler) {
      // What was dropped cannot be used
      scheduler.run(
          () -> {
            Owned<Tracked> owned = dropped();
            assertMisuse(owned, DROPPED);
            assertThat(owned).hasToString("Owned[dropped]");
          });
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void dropped_inCanceledFiber(Scheduler scheduler) {
      // A canceled fiber that comes too late throws the reason; one that forbids it is told
      scheduler.run(
          () -> {
            Owned<Tracked> owned = dropped();
            Canceled.with(
                reason,
                () -> {
                  for (Block<RuntimeException> use : uses(owned)) {
                    assertThatThrownBy(use::run).isSameAs(reason);
                  }
                  Control.runProtected(() -> assertMisuse(owned, DROPPED));
                });
          });
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void dropped_becauseOwnerFailed(Scheduler scheduler) {
      // A fiber that comes too late because the owner has failed throws what the owner threw
      scheduler.run(
          () -> {
            for (Throwable each :
                List.of(reason, new TerminateException(), new IOException("thrown"))) {
              AtomicReference<Owned<Tracked>> escaped = new AtomicReference<>();
              assertThatThrownBy(
                      () ->
                          runOwned(
                              owned -> {
                                escaped.set(owned);
                                Fibers.sneak(each);
                              }))
                  .isSameAs(each);
              for (Block<RuntimeException> use : uses(escaped.get())) {
                assertThatThrownBy(use::run)
                    .satisfies(
                        thrown ->
                            assertThat(
                                    thrown instanceof ComputationException
                                        ? thrown.getCause()
                                        : thrown)
                                .isSameAs(each));
              }
            }
          });
    }

    @Test
    void acquireThrows() {
      // what was not acquired is not released
      assertThatThrownBy(
              () ->
                  Owned.run(
                      () -> {
                        throw new IOException("refused");
                      },
                      object -> resource.release(),
                      owned -> {}))
          .isInstanceOf(IOException.class);
      assertThat(resource.releases()).isZero();
    }

    @Test
    @SuppressWarnings("NullAway") // the test is about that
    void nulls() {
      // nothing is acquired, and no state changed, when something is missing
      BlockWith<Object, RuntimeException> none = null;
      assertThatNullPointerException()
          .isThrownBy(() -> Owned.run(() -> null, object -> {}, none))
          .withMessage("body");
      assertThatNullPointerException()
          .isThrownBy(
              () ->
                  Owned.run(
                      () -> {
                        throw new AssertionError("acquired");
                      },
                      none,
                      owned -> {}))
          .withMessage("release");
      assertThatNullPointerException()
          .isThrownBy(() -> Owned.run(() -> null, object -> {}, owned -> {}))
          .withMessage("acquire returned null");
      runOwned(
          owned -> {
            for (Block<RuntimeException> use :
                List.<Block<RuntimeException>>of(
                    () -> owned.runBorrowed(none),
                    () -> owned.runMoved(none),
                    () -> owned.runTransferred(none))) {
              assertThatNullPointerException().isThrownBy(use::run).withMessage("body");
            }
            owned.runMoved(Tracked::use);
          });
    }
  }

  @Nested
  class Borrowing {
    @OnEveryScheduler
    void givenBack(Scheduler scheduler) {
      // The resource is given back on value and on exception; then it can be moved
      scheduler.run(
          () ->
              runOwned(
                  owned -> {
                    String value =
                        owned.callBorrowed(
                            tracked -> {
                              tracked.use();
                              return "value";
                            });
                    assertThat(value).isEqualTo("value");
                    assertThatThrownBy(
                            () ->
                                owned.runBorrowed(
                                    tracked -> {
                                      throw new IOException("thrown");
                                    }))
                        .isInstanceOf(IOException.class)
                        .hasNoSuppressedExceptions();
                    assertThat(resource.releases()).isZero();
                    owned.runMoved(Tracked::use);
                  }));
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void droppedMeanwhile(Scheduler scheduler) {
      // what is dropped while it is borrowed is released at the end of the borrow; once
      scheduler.run(
          () ->
              runOwned(
                  owned -> {
                    owned.runBorrowed(
                        tracked -> {
                          owned.drop();
                          owned.drop();
                          assertThat(owned).hasToString("Owned[dropped]");
                          tracked.use();
                        });
                    assertThat(resource.releases()).isOne();
                  }));
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void droppedMeanwhile_releaseAndBodyThrow(Scheduler scheduler) {
      // then the exception of the release is suppressed by that of the borrower, as elsewhere
      RuntimeException ofRelease = new IllegalArgumentException("release");
      scheduler.run(
          () ->
              Owned.run(
                  () -> resource,
                  tracked -> {
                    throw ofRelease;
                  },
                  owned -> {
                    assertThatThrownBy(
                            () ->
                                owned.runBorrowed(
                                    tracked -> {
                                      owned.drop();
                                      throw reason;
                                    }))
                        .isSameAs(reason);
                  }));
      assertThat(reason.getSuppressed()).containsExactly(ofRelease);
    }

    @OnEveryScheduler
    void ownerWaits_forBorrowerThatMoves(Scheduler scheduler) {
      // an owner whose body returns while another fiber borrows waits as for any other end
      scheduler.run(
          () -> {
            Ivar<Object> borrowed = new Ivar<>();
            Ivar<Object> end = new Ivar<>();
            Computation<Object> owner =
                Fibers.start(
                    () -> {
                      runOwned(
                          owned -> {
                            Fiber.spawn(
                                new Fiber(new Computation<>()),
                                fiber -> {
                                  owned.runBorrowed(
                                      tracked -> {
                                        borrowed.fill("borrowed");
                                        end.read();
                                      });
                                  owned.runMoved(Tracked::use);
                                });
                            borrowed.read();
                          });
                      return "over";
                    });
            borrowed.read();
            letOthersRun();
            assertThat(owner.isRunning()).isTrue();
            end.fill("end");
            assertThat(owner.await()).isEqualTo("over");
          });
    }

    @OnEveryScheduler
    void ownerFails_whileAnotherFiberBorrows(Scheduler scheduler) {
      // an owner that fails does not wait for a borrower, whom the failure may be about to stop;
      // the borrower keeps the resource until its end, and it is released then
      assertThatThrownBy(
              () ->
                  scheduler.run(
                      () ->
                          Bundle.run(
                              bundle -> {
                                runOwned(
                                    owned -> {
                                      Ivar<Object> borrowed = new Ivar<>();
                                      bundle.fork(
                                          () ->
                                              owned.runBorrowed(
                                                  tracked -> {
                                                    borrowed.fill("borrowed");
                                                    try {
                                                      Control.block();
                                                    } finally {
                                                      tracked.use();
                                                    }
                                                  }));
                                      borrowed.read();
                                      throw reason;
                                    });
                              })))
          .isSameAs(reason);
      assertThat(resource.releases()).isOne();
    }
  }

  @Nested
  class Transferring {
    @OnEveryScheduler
    void targetWaits(Scheduler scheduler) {
      // The former owner goes on at once; the new one waits until the resource is moved
      scheduler.run(
          () -> {
            Ivar<Owned<Tracked>> offer = new Ivar<>();
            Ivar<Owned<Tracked>> second = new Ivar<>();
            Computation<Object> first =
                Fibers.start(
                    () -> {
                      runOwned(offer::fill);
                      return "over";
                    });
            Computation<Object> middle =
                Fibers.start(
                    () ->
                        offer
                            .read()
                            .callTransferred(
                                target -> {
                                  second.fill(target);
                                  return "passed on";
                                }));
            assertThat(first.await()).isEqualTo("over");
            Owned<Tracked> target = second.read();
            letOthersRun();
            assertThat(middle.isRunning()).isTrue();
            assertThat(resource.releases()).isZero();
            assertMisuse(offer.read(), Misuse.TRANSFERRED);
            offer.read().drop();
            target.runMoved(Tracked::use);
            assertThat(middle.await()).isEqualTo("passed on");
          });
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void targetThrows(Scheduler scheduler) {
      // What was transferred is dropped when the body of its new owner throws
      scheduler.run(
          () ->
              runOwned(
                  owned ->
                      assertThatThrownBy(
                              () ->
                                  owned.runTransferred(
                                      target -> {
                                        target.runBorrowed(Tracked::use);
                                        throw reason;
                                      }))
                          .isSameAs(reason)));
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void targetCanceled(Scheduler scheduler) {
      // and when the new owner is canceled while it waits
      scheduler.run(
          () -> {
            Computation<Object> computation = new Computation<>();
            Ivar<Object> passed = new Ivar<>();
            Ivar<Owned<Tracked>> offer = new Ivar<>();
            Computation<Object> middle =
                Fibers.startUnder(
                    computation,
                    () ->
                        offer
                            .read()
                            .callTransferred(
                                target -> {
                                  passed.fill("passed");
                                  return "passed on";
                                }));
            runOwned(offer::fill);
            passed.read();
            computation.tryCancel(reason);
            assertThatThrownBy(middle::await).isSameAs(reason);
          });
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void chain(Scheduler scheduler) {
      // an instance goes through many hands, and is released once, by the last
      int hands = 100;
      Latch over = new Latch(hands);
      scheduler.run(
          () -> {
            Bundle.run(
                bundle -> {
                  runOwned(owned -> passOn(bundle, owned, over, hands));
                  assertThat(resource.releases()).isLessThan(2);
                });
            over.await();
          });
      assertThat(resource.releases()).isOne();
    }

    private static void passOn(Bundle bundle, Owned<Tracked> owned, Latch over, int hands) {
      bundle.fork(
          () -> {
            if (hands == 1) {
              owned.runMoved(Tracked::use);
            } else {
              owned.runTransferred(
                  target -> {
                    passOn(bundle, target, over, hands - 1);
                  });
            }
            over.decr();
          });
    }
  }

  @Nested
  class FailingRelease {
    private final RuntimeException ofRelease = new IllegalArgumentException("release");
    private final Latch released = new Latch(1);

    private <E extends Exception> void runOwned(BlockWith<? super Owned<Tracked>, E> body)
        throws E {
      Owned.run(
          () -> resource,
          tracked -> {
            tracked.release();
            released.decr();
            throw ofRelease;
          },
          body);
    }

    @OnEveryScheduler
    void dropper_isTold_ownerGoesOn(Scheduler scheduler) {
      // The fiber that drops gets the exception, and the owner goes on
      scheduler.run(
          () -> {
            List<Computation<Object>> dropper = new ArrayList<>();
            runOwned(
                owned ->
                    dropper.add(
                        Fibers.start(
                            () -> {
                              letOthersRun();
                              owned.drop();
                              return "dropped";
                            })));
            assertThatThrownBy(dropper.getFirst()::await).isSameAs(ofRelease);
          });
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void secondDrop(Scheduler scheduler) {
      // what failed to be released is not released again
      scheduler.run(
          () ->
              runOwned(
                  owned -> {
                    assertThatThrownBy(owned::drop).isSameAs(ofRelease);
                    owned.drop();
                    assertMisuse(owned, Misuse.DROPPED);
                  }));
      assertThat(resource.releases()).isOne();
    }

    @OnEveryScheduler
    void mover(Scheduler scheduler) {
      // The exception of the body that moved suppresses that of the release
      scheduler.run(
          () ->
              runOwned(
                  owned ->
                      assertThatThrownBy(
                              () ->
                                  owned.runMoved(
                                      tracked -> {
                                        throw reason;
                                      }))
                          .isSameAs(reason)));
      assertThat(reason.getSuppressed()).containsExactly(ofRelease);
    }

    @OnEveryScheduler
    void owner(Scheduler scheduler) {
      // So it does for the body of the owner
      scheduler.run(
          () ->
              assertThatThrownBy(
                      () ->
                          runOwned(
                              owned -> {
                                throw reason;
                              }))
                  .isSameAs(reason));
      assertThat(reason.getSuppressed()).containsExactly(ofRelease);
    }

    @OnEveryScheduler
    void ownerCanceled(Scheduler scheduler) {
      // and for the reason that an owner is canceled with while it waits
      scheduler.run(
          () -> {
            Ivar<Object> waits = new Ivar<>();
            Computation<Object> computation = new Computation<>();
            Computation<Object> owner =
                Fibers.startUnder(
                    computation,
                    () -> {
                      runOwned(owned -> waits.fill("nearly"));
                      return "over";
                    });
            waits.read();
            letOthersRun();
            computation.tryCancel(reason);
            assertThatThrownBy(owner::await).isSameAs(reason);
          });
      assertThat(reason.getSuppressed()).containsExactly(ofRelease);
    }

    @OnEveryScheduler
    void ownerAskedToStop(Scheduler scheduler) {
      // A TerminateException is no error, and so that of the release comes out
      TerminateException stop = new TerminateException();
      scheduler.run(
          () ->
              assertThatThrownBy(
                      () ->
                          runOwned(
                              owned -> {
                                throw stop;
                              }))
                  .isSameAs(ofRelease));
      assertThat(ofRelease.getSuppressed()).containsExactly(stop);
    }

    @Test
    void checked() {
      // a checked exception of a release comes out in a wrapper, by itself as well as suppressed
      IOException checked = new IOException("release");
      BlockWith<Tracked, IOException> failing =
          tracked -> {
            throw checked;
          };
      assertThatThrownBy(() -> Owned.run(() -> resource, failing, Owned::drop))
          .isInstanceOf(ComputationException.class)
          .hasCause(checked);
      assertThatThrownBy(
              () ->
                  Owned.run(
                      () -> resource,
                      failing,
                      owned -> {
                        throw reason;
                      }))
          .isSameAs(reason);
      assertThat(reason.getSuppressed())
          .singleElement()
          .isInstanceOf(ComputationException.class)
          .extracting(Throwable::getCause)
          .isSameAs(checked);
    }

    @OnEveryScheduler
    void latecomer(Scheduler scheduler) {
      // who comes too late because the owner has failed finds what was suppressed there, too, also
      // when that is checked and comes in a wrapper
      IOException checked = new IOException("thrown");
      AtomicReference<Owned<Tracked>> escaped = new AtomicReference<>();
      scheduler.run(
          () -> {
            assertThatThrownBy(
                    () ->
                        runOwned(
                            owned -> {
                              escaped.set(owned);
                              throw checked;
                            }))
                .isSameAs(checked);
            assertThatThrownBy(() -> escaped.get().runMoved(Tracked::use))
                .isInstanceOf(ComputationException.class)
                .hasCause(checked);
          });
      assertThat(checked.getSuppressed()).containsExactly(ofRelease);
    }

    @Test
    void askedToStop() {
      // a TerminateException of the release does not hide an error of the body
      assertThatThrownBy(
              () ->
                  Owned.run(
                      () -> resource,
                      tracked -> {
                        throw new TerminateException();
                      },
                      owned -> {
                        throw reason;
                      }))
          .isSameAs(reason);
    }
  }

  @Nested
  class Races {
    @OnEveryScheduler
    void moveAndCancelation(Scheduler scheduler) {
      // a resource moved while its owner is canceled is released once, by one of them
      scheduler.run(
          () -> {
            for (int round = 0; round < 1_000; round++) {
              Tracked tracked = new Tracked();
              Computation<Object> computation = new Computation<>();
              Ivar<Owned<Tracked>> offer = new Ivar<>();
              Computation<Object> owner =
                  Fibers.startUnder(
                      computation,
                      () -> {
                        Owned.run(() -> tracked, Tracked::release, offer::fill);
                        return "over";
                      });
              Computation<Object> mover =
                  Fibers.start(
                      () ->
                          offer
                              .read()
                              .callMoved(
                                  mine -> {
                                    mine.use();
                                    Fiber.yield();
                                    mine.use();
                                    return "served";
                                  }));
              for (int i = round % 5; i > 0; i--) {
                Fiber.yield();
              }
              computation.tryCancel(reason);
              owner.join();
              mover.join();
              assertThat(tracked.releases()).isOne();
              assertThat(mover.cancelReason()).isIn(null, reason);
            }
          });
    }

    @OnEveryScheduler
    void manyWantIt(Scheduler scheduler) {
      // of fibers that borrow, move and drop at random, one releases, and never under another
      scheduler.run(
          () -> {
            for (int round = 0; round < 300; round++) {
              Tracked tracked = new Tracked();
              int late = round;
              Owned.run(
                  () -> tracked,
                  Tracked::release,
                  owned -> {
                    Run.all(
                        () -> ignoringMisuse(() -> owned.runBorrowed(Races::workWith)),
                        () -> ignoringMisuse(() -> owned.runBorrowed(Races::workWith)),
                        () -> ignoringMisuse(() -> owned.runMoved(Races::workWith)),
                        () -> {
                          for (int i = late % 4; i > 0; i--) {
                            Fiber.yield();
                          }
                          owned.drop();
                        });
                  });
              assertThat(tracked.releases()).isOne();
            }
          });
    }

    private static void workWith(Tracked tracked) {
      tracked.use();
      Fiber.yield();
      tracked.use();
    }

    private static void ignoringMisuse(Block<RuntimeException> use) {
      try {
        use.run();
      } catch (IllegalStateException misuse) {
        assertThat(misuse.getMessage()).isIn(Misuse.BORROWED, Misuse.TRANSFERRED, Misuse.DROPPED);
      }
    }
  }
}
