package dev.picos.sched.randos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Trigger;
import dev.picos.domains.DeadlockException;
import dev.picos.domains.Domains;
import dev.picos.domains.Execution;
import dev.picos.domains.FiberReport;
import dev.picos.domains.VirtualTimer;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a run does that can do nothing any more. */
@Timeout(60)
class ClosedWorldTest {
  private final List<Object> log = Collections.synchronizedList(new ArrayList<>());

  static Stream<RandosScheduler> closed() {
    return Stream.of(
        RandosScheduler.builder().seed(1).virtualTime(true).build(),
        RandosScheduler.builder().seed(2).closedWorld(true).build(),
        RandosScheduler.builder().seed(3).closedWorld(true).freshThreads(true).build(),
        RandosScheduler.builder().seed(4).closedWorld(true).domains(2).build());
  }

  @AfterEach
  void domainsAreBackInThePool() {
    while (Domains.shared().idleCount() < Domains.shared().size()) {
      LockSupport.parkNanos(100_000);
    }
  }

  private static DeadlockException deadlock(RandosScheduler scheduler, Block<?> main) {
    DeadlockException deadlock =
        catchThrowableOfType(DeadlockException.class, () -> scheduler.run(main));
    assertThat(deadlock).isNotNull();
    return deadlock;
  }

  // Deadlocks

  @ParameterizedTest
  @MethodSource("closed")
  void fiberThatNobodyWakes_unwinds(RandosScheduler scheduler) {
    DeadlockException deadlock =
        deadlock(
            scheduler,
            () -> {
              try {
                log.add(new Trigger().await());
              } catch (RuntimeException e) {
                log.add(e);
                throw e;
              } finally {
                log.add("finally");
              }
            });

    assertThat(log).containsExactly(deadlock, "finally");
    assertThat(deadlock)
        .hasMessageStartingWith(
            "no fiber can run, and no timeout is set, in a run of " + scheduler + "; 1 waits:")
        .hasMessageContaining("fiber 0 waits in dev.picos.core.Trigger.await")
        .hasMessageContaining("ClosedWorldTest.java:");
    assertThat(deadlock.getSuppressed())
        .anySatisfy(each -> assertThat(each).hasMessageContaining("seed " + scheduler.seed()));
  }

  @ParameterizedTest
  @MethodSource("closed")
  void everyFiber_isListedWithWhereItWaitsAndWasSpawned(RandosScheduler scheduler) {
    Computation<Object> left = new Computation<>();
    Computation<Object> right = new Computation<>();

    DeadlockException deadlock =
        deadlock(
            scheduler,
            () -> {
              spawnWaiter(left, right);
              spawnWaiter(right, left);
            });

    assertThat(deadlock.fibers()).hasSize(2);
    for (int i = 0; i < 2; i++) {
      FiberReport each = deadlock.fibers().get(i);
      assertThat(each.number()).isEqualTo(i + 1);
      assertThat(each.stack()).anyMatch(frame -> frame.getMethodName().equals("waitFor"));
      assertThat(each.spawnedAt()).anyMatch(frame -> frame.getMethodName().equals("spawnWaiter"));
    }
    assertThat(deadlock).hasMessageContaining("2 wait:").hasMessageContaining("waitFor");
    assertThat(log).hasSize(2).containsOnly(deadlock);
  }

  @ParameterizedTest
  @MethodSource("closed")
  void fiberFromOutside_isListedLikeAnyOther(RandosScheduler scheduler) {
    // a fiber that a thread has handed over belongs to the closed world
    Computation<Object> never = new Computation<>();

    DeadlockException deadlock =
        deadlock(
            scheduler,
            () -> {
              Handler home = Handler.ofCurrentThread();
              Fiber fiber = new Fiber(new Computation<>());
              Thread outside =
                  Thread.ofPlatform()
                      .start(() -> Fiber.spawnIn(home, fiber, self -> waitFor(never, never)));
              while (outside.isAlive()) {
                Fiber.yield();
              }
            });

    assertThat(deadlock.fibers()).hasSize(1);
    assertThat(deadlock.fibers().get(0).number()).isEqualTo(1);
    assertThat(deadlock.fibers().get(0).spawnedAt())
        .anyMatch(frame -> frame.getMethodName().equals("spawnIn"));
    assertThat(log).containsExactly(deadlock);
  }

  private void spawnWaiter(Computation<Object> first, Computation<Object> then) {
    Fiber.spawn(new Fiber(new Computation<>()), self -> waitFor(first, then));
  }

  /** What leaves the main of a bare fiber here is not fatal. */
  private void waitFor(Computation<Object> first, Computation<Object> then) {
    try {
      first.join();
      then.tryReturn(1);
    } catch (RuntimeException e) {
      log.add(e);
      throw e;
    }
  }

  @ParameterizedTest
  @MethodSource("closed")
  void fiberThatForbidsCancelation_unwindsToo(RandosScheduler scheduler) {
    DeadlockException deadlock =
        deadlock(
            scheduler,
            () ->
                Fiber.current()
                    .runForbiddingCancelation(
                        () -> {
                          try {
                            new Computation<>().join();
                          } finally {
                            log.add("finally");
                          }
                        }));

    assertThat(deadlock.fibers()).hasSize(1);
    assertThat(log).containsExactly("finally");
  }

  @ParameterizedTest
  @MethodSource("closed")
  void cleanUpThatAwaits_succeedsOrUnwindsInItsTurn(RandosScheduler scheduler) {
    Computation<Object> released = new Computation<>();

    deadlock(
        scheduler,
        () -> {
          Fiber.spawn(
              new Fiber(new Computation<>()),
              self -> {
                try {
                  new Computation<>().join();
                } finally {
                  released.tryReturn("released");
                }
              });
          try {
            new Computation<>().join();
          } finally {
            log.add(released.await());
            try {
              new Computation<>().join();
            } catch (DeadlockException again) {
              log.add("again");
            }
          }
        });

    assertThat(log).containsExactly("released", "again");
  }

  @ParameterizedTest
  @MethodSource("closed")
  void deadlockThatIsCaught_isThrownAllTheSame(RandosScheduler scheduler) {
    deadlock(
        scheduler,
        () -> {
          try {
            new Computation<>().join();
          } catch (DeadlockException e) {
            log.add(e);
          }
        });

    assertThat(log).hasSize(1);
  }

  @ParameterizedTest
  @MethodSource("closed")
  void fiberThatDoesNotGiveUp_isLeftBehind(RandosScheduler scheduler) {
    deadlock(
        scheduler,
        () -> {
          for (; ; ) {
            try {
              new Computation<>().join();
            } catch (DeadlockException e) {
              // and waits again
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("closed")
  void fiberInALockOfTheJdk_isListedAndLeftBehind(RandosScheduler scheduler) {
    ReentrantLock lock = new ReentrantLock();

    DeadlockException deadlock =
        deadlock(
            scheduler,
            () -> {
              Fibers.startBare(
                  () -> {
                    lock.lock();
                    new Computation<>().join(); // and never unlocks
                  });
              Fiber.yield();
              while (!lock.isLocked()) {
                Fiber.yield();
              }
              lock.lock();
              log.add("got the lock");
            });

    assertThat(deadlock.fibers()).hasSize(2);
    assertThat(deadlock.fibers().get(0).stack())
        .anyMatch(frame -> frame.getClassName().equals(ReentrantLock.class.getName()));
    assertThat(log).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("closed")
  @EnabledForJreRange(min = JRE.JAVA_24, disabledReason = "a fiber in a monitor keeps its domain")
  void monitorsEnteredInOppositeOrder_areADeadlock(RandosScheduler scheduler) {
    Object left = new Object();
    Object right = new Object();
    CyclicBarrier bothHaveOne = new CyclicBarrier(2);

    DeadlockException deadlock =
        deadlock(
            scheduler,
            () -> {
              Fibers.startBare(() -> enterBoth(left, right, bothHaveOne));
              Fibers.startBare(() -> enterBoth(right, left, bothHaveOne));
            });

    assertThat(deadlock.fibers())
        .hasSize(2)
        .allSatisfy(each -> assertThat(each.stack().get(0).getMethodName()).isEqualTo("enterBoth"));
  }

  @ParameterizedTest
  @MethodSource("closed")
  @EnabledForJreRange(min = JRE.JAVA_25, disabledReason = "the JVM does not tell")
  void monitors_areNamedWithTheirOwners(RandosScheduler scheduler) {
    // whoever waits for a monitor reads which one it is, and who owns it
    Object left = new Object();
    Object right = new Object();
    CyclicBarrier bothHaveOne = new CyclicBarrier(2);

    DeadlockException deadlock =
        deadlock(
            scheduler,
            () -> {
              Fibers.startBare(() -> enterBoth(left, right, bothHaveOne));
              Fibers.startBare(() -> enterBoth(right, left, bothHaveOne));
            });

    assertThat(deadlock.fibers())
        .extracting(FiberReport::monitor)
        .containsExactly(
            Objects.toIdentityString(right) + ", which fiber 2 owns",
            Objects.toIdentityString(left) + ", which fiber 1 owns");
    assertThat(deadlock)
        .hasMessageContaining("fiber 1 waits for the monitor java.lang.Object@")
        .hasMessageContaining("fiber 2 waits for the monitor java.lang.Object@");
  }

  @ParameterizedTest
  @MethodSource("closed")
  @EnabledForJreRange(min = JRE.JAVA_25, disabledReason = "the JVM does not tell")
  void monitorThatIsWaitedIn_isNamed(RandosScheduler scheduler) {
    // in Object.wait, too, also once the JVM has compiled that
    Object condition = new Object();
    for (int i = 0; i < 20_000; i++) {
      waitInterrupted(condition);
    }

    DeadlockException deadlock =
        deadlock(
            scheduler,
            () -> {
              synchronized (condition) {
                condition.wait();
              }
            });

    assertThat(deadlock)
        .hasMessageContaining(
            "fiber 0 waits in java.lang.Object.wait for the monitor "
                + Objects.toIdentityString(condition)
                + System.lineSeparator());
  }

  private static void waitInterrupted(Object condition) {
    Thread.currentThread().interrupt();
    synchronized (condition) {
      try {
        condition.wait();
      } catch (InterruptedException expected) {
        // at once
      }
    }
  }

  @ParameterizedTest
  @MethodSource("closed")
  void veryManyFibers_areAllListedAndTheMessageNamesTheFirst(RandosScheduler scheduler) {
    // the message does not grow without a bound
    DeadlockException deadlock =
        deadlock(
            scheduler,
            () -> {
              for (int i = 0; i < 60; i++) {
                Fibers.startBare(() -> new Computation<>().join());
              }
            });

    assertThat(deadlock.fibers()).hasSize(60);
    assertThat(deadlock)
        .hasMessageContaining("60 wait:")
        .hasMessageContaining("fiber 50 waits")
        .hasMessageEndingWith("and 10 more fibers");
    assertThat(deadlock.getMessage()).doesNotContain("fiber 51 waits");
  }

  private static void enterBoth(Object first, Object then, CyclicBarrier bothHaveOne) {
    synchronized (first) {
      try {
        bothHaveOne.await();
      } catch (InterruptedException | BrokenBarrierException e) {
        throw new AssertionError(e);
      }
      synchronized (then) {
        throw new AssertionError("nobody gets here");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("closed")
  void fiberThatWaitsForAPlatformThread_isTakenForADeadlock(RandosScheduler scheduler)
      throws Exception {
    Computation<Object> deadlockIsOver = new Computation<>();
    Computation<Object> thread = new Computation<>();

    DeadlockException deadlock =
        deadlock(
            scheduler,
            () -> {
              Computation<Object> answer = new Computation<>();
              thread.tryReturn(
                  Thread.ofPlatform()
                      .start(
                          () -> {
                            deadlockIsOver.join();
                            log.add(answer.tryReturn("too late"));
                          }));
              answer.join();
            });
    deadlockIsOver.tryReturn(true);
    ((Thread) thread.await()).join();

    assertThat(deadlock.fibers()).hasSize(1);
    assertThat(log).containsExactly(true);
  }

  @Test
  void sameSeed_sameDeadlock() {
    List<String> messages = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Computation<Object> left = new Computation<>();
      Computation<Object> right = new Computation<>();
      messages.add(
          deadlock(
                  RandosScheduler.builder().seed(42).virtualTime(true).build(),
                  () -> {
                    spawnWaiter(left, right);
                    spawnWaiter(right, left);
                    left.join();
                  })
              .getMessage());
    }
    assertThat(messages.get(0)).isEqualTo(messages.get(1));
  }

  // No deadlocks

  @ParameterizedTest
  @MethodSource("closed")
  void fiberThatSleeps_isNoDeadlock(RandosScheduler scheduler) {
    scheduler.run(
        () -> {
          for (int i = 0; i < 20; i++) {
            Computation<Object> sleeper =
                Fibers.start(
                    () -> {
                      Fiber.sleep(Duration.ofMillis(1));
                      return "slept";
                    });
            log.add(sleeper.await());
          }
        });

    assertThat(log).hasSize(20).containsOnly("slept");
  }

  @ParameterizedTest
  @MethodSource("closed")
  void timeoutThatWakesNobody_hidesNoDeadlock(RandosScheduler scheduler) {
    deadlock(
        scheduler,
        () -> {
          new Computation<>().cancelAfter(Duration.ofMillis(20), new RuntimeException("timeout"));
          new Computation<>().join();
        });
  }

  @ParameterizedTest
  @MethodSource("closed")
  void timeoutThatWillNotFire_hidesNoDeadlock(RandosScheduler scheduler) {
    Computation<Object> completed = new Computation<>();
    deadlock(
        scheduler,
        () -> {
          completed.cancelAfter(Duration.ofHours(1), new RuntimeException("timeout"));
          completed.tryReturn(1);
          completed.cancelAfter(Duration.ofHours(1), new RuntimeException("timeout"));
          new Computation<>().join();
        });
  }

  @ParameterizedTest
  @MethodSource("closed")
  void timedWaitOfTheJdk_isNoDeadlock(RandosScheduler scheduler) throws Exception {
    scheduler.run(
        () -> {
          Thread.sleep(20);
          CountDownLatch latch = new CountDownLatch(1);
          log.add(latch.await(20, TimeUnit.MILLISECONDS));
        });

    assertThat(log).containsExactly(false);
  }

  @ParameterizedTest
  @MethodSource("closed")
  void contendedMonitor_isNoDeadlock(RandosScheduler scheduler) {
    Object lock = new Object();
    int[] entered = new int[1];
    for (int run = 0; run < 300; run++) {
      scheduler.run(
          () -> {
            List<Computation<Object>> ends = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
              ends.add(
                  Fibers.start(
                      () -> {
                        for (int round = 0; round < 3; round++) {
                          synchronized (lock) {
                            int before = entered[0];
                            Fiber.yield();
                            entered[0] = before + 1;
                          }
                        }
                        return "entered";
                      }));
            }
            ends.forEach(Computation::await);
          });
    }

    assertThat(entered[0]).isEqualTo(300 * 4 * 3);
  }

  @ParameterizedTest
  @MethodSource("closed")
  void fibersThatYield_areNoDeadlock(RandosScheduler scheduler) {
    for (int run = 0; run < 2_000; run++) {
      scheduler.run(
          () -> {
            for (int i = 0; i < 4; i++) {
              Fibers.startBare(Fiber::yield);
            }
          });
    }
  }

  @ParameterizedTest
  @MethodSource("closed")
  void waitForARunOfItsOwn_isNoDeadlock(RandosScheduler scheduler) {
    scheduler.run(
        () ->
            RandosScheduler.create()
                .run(
                    () -> {
                      Fiber.sleep(Duration.ofMillis(20));
                      log.add("inner");
                    }));

    assertThat(log).containsExactly("inner");
  }

  @Test
  void virtualTime_passesAlsoAfterADomainHasComeAndGone() throws Exception {
    // a domain sleeps, another one comes, runs a fiber until that sleeps in virtual time, and goes:
    // the one that is left asleep lets the time pass
    RandosScheduler scheduler =
        RandosScheduler.builder().domains(2).virtualTime(true).closedWorld(false).build();
    AtomicReference<Trigger> asked = new AtomicReference<>();
    AtomicBoolean over = new AtomicBoolean();
    Task<Boolean> signaler =
        Task.start(
            () -> {
              Random random = new Random(1);
              while (!over.get()) {
                Trigger trigger = asked.getAndSet(null);
                if (trigger != null) {
                  for (int spins = random.nextInt(4_000); spins > 0; spins--) {
                    Thread.onSpinWait();
                  }
                  trigger.signal();
                }
              }
              return true;
            });
    try {
      scheduler.run(
          () -> {
            for (int turn = 0; turn < 1_000; turn++) {
              for (int i = 0; i < 4; i++) {
                Fibers.startBare(() -> {});
              }
              Fiber.yield();
              Trigger trigger = new Trigger();
              asked.set(trigger);
              assertThat(trigger.await()).isNull();
              Fiber.sleep(Duration.ofMillis(1));
            }
          });
    } finally {
      over.set(true);
    }
    assertThat(signaler.result()).isTrue();
  }

  @Test
  void openWorld_waitsForOthers() {
    for (RandosScheduler scheduler :
        List.of(
            RandosScheduler.create(),
            RandosScheduler.builder().virtualTime(true).closedWorld(false).build())) {
      Trigger trigger = new Trigger();
      scheduler.run(
          () -> {
            Thread waiter = Thread.currentThread();
            Thread.ofPlatform()
                .start(
                    () -> {
                      while (waiter.getState() != Thread.State.WAITING) {
                        LockSupport.parkNanos(100_000);
                      }
                      trigger.signal();
                    });
            assertThat(trigger.await()).isNull();
          });
    }
  }

  @Test
  void openWorld_waitsForThreadsThatFibersStart() {
    for (RandosScheduler scheduler :
        List.of(
            RandosScheduler.create(),
            RandosScheduler.builder().virtualTime(true).closedWorld(false).build())) {
      scheduler.run(
          () -> {
            Computation<Object> answer = new Computation<>();
            Thread.ofPlatform()
                .start(
                    () -> {
                      Fiber.sleep(Duration.ofMillis(1)); // in real time
                      answer.tryReturn("from a thread");
                    });
            log.add(answer.await());
          });
    }
    assertThat(log).containsExactly("from a thread", "from a thread");
  }

  @ParameterizedTest
  @MethodSource("closed")
  void inputAndOutput_isNoDeadlock(RandosScheduler scheduler) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      scheduler.run(
          () -> {
            Thread accepting = Thread.currentThread();
            Task.start(
                () -> {
                  Wait.until(() -> accepting.getState() == Thread.State.WAITING);
                  new Socket(server.getInetAddress(), server.getLocalPort()).close();
                  return true;
                });
            server.accept().close();
            log.add("accepted");
          });
    }
    assertThat(log).containsExactly("accepted");
  }

  @Test
  void settings_areNamedAsTheyAreToBeRepeated() {
    RandosScheduler.Builder builder = RandosScheduler.builder().seed(7);
    assertThat(builder.closedWorld(true).build())
        .hasToString("RandosScheduler[seed 7, closed world]");
    assertThat(builder.virtualTime(true).build())
        .hasToString("RandosScheduler[seed 7, virtual time]");
    assertThat(builder.closedWorld(false).build())
        .hasToString("RandosScheduler[seed 7, virtual time, open world]");
    assertThat(builder.strategy(seed -> ready -> 0).build())
        .hasToString("RandosScheduler[seed 7, virtual time, open world, another strategy]");
  }

  @Test
  void service_hasNoClosedWorld() {
    Execution execution =
        new Execution(new Randos(new Bag(new RandomWalk(1)), false, null, "test"))
            .timer(new VirtualTimer())
            .closedWorld();
    assertThatIllegalStateException()
        .isThrownBy(execution::start)
        .withMessageContaining("closed world");
  }
}
