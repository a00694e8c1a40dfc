package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.Inheritance;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.Run;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.Task;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What forked fibers take over from those that fork them. */
class InheritanceTest {
  private static final FiberLocal<String> USER = new FiberLocal<>();
  private static final FiberLocal<String> REQUEST = new FiberLocal<>();

  private static final Inheritance OF_USER = Inheritance.of(USER);

  private static String user() {
    return USER.getOrDefault(Fiber.current(), "nobody");
  }

  private static String request() {
    return REQUEST.getOrDefault(Fiber.current(), "none");
  }

  /** Calls {@code body} in a fiber that the calling one forks. */
  private static String forked(Body<String, ?> body) {
    return Bundle.<String, RuntimeException>call(
        bundle -> bundle.<String>forkAsPromise(body).await());
  }

  // Who inherits

  @OnEveryScheduler
  void fork_handsTheLocalsOfTheForkingFiberOn(Scheduler scheduler) {
    scheduler.run(
        () -> {
          USER.set(Fiber.current(), "Anna");
          REQUEST.set(Fiber.current(), "17");
          OF_USER.run(
              () ->
                  Bundle.run(
                      bundle -> {
                        AtomicBoolean forked = new AtomicBoolean();
                        bundle.fork(
                            () -> {
                              assertThat(user()).isEqualTo("Anna");
                              assertThat(request()).isEqualTo("none");
                              forked.set(true);
                            });
                        Promise<String> first = bundle.forkAsPromise(InheritanceTest::user);
                        USER.set(Fiber.current(), "Berta");
                        assertThat(first.await()).isEqualTo("Anna");
                        assertThat(bundle.forkAsPromise(InheritanceTest::user).await())
                            .isEqualTo("Berta");
                        USER.remove(Fiber.current());
                        assertThat(bundle.forkAsPromise(InheritanceTest::user).await())
                            .isEqualTo("nobody");
                      }));
        });
  }

  @OnEveryScheduler
  void everyScope_handsItOn(Scheduler scheduler) {
    scheduler.run(
        () -> {
          USER.set(Fiber.current(), "Anna");
          OF_USER.run(
              () -> {
                assertThat(Run.callAll(InheritanceTest::user, InheritanceTest::user))
                    .containsExactly("Anna", "Anna");
                assertThat(Run.map(2, List.of(1, 2), i -> user() + i))
                    .containsExactly("Anna1", "Anna2");
                assertThat(Run.<String>firstSuccess(InheritanceTest::user, InheritanceTest::user))
                    .isEqualTo("Anna");
                Flock.run(
                    () ->
                        assertThat(Flock.<String>forkAsPromise(InheritanceTest::user).await())
                            .isEqualTo("Anna"));
                Bundle.runSupervised(
                    thrown -> {},
                    bundle ->
                        assertThat(bundle.<String>forkAsPromise(InheritanceTest::user).await())
                            .isEqualTo("Anna"));
              });
        });
  }

  @OnEveryScheduler
  void scopesOfForkedFibers_handItOn(Scheduler scheduler) {
    scheduler.run(
        () -> {
          USER.set(Fiber.current(), "Anna");
          OF_USER.run(() -> Run.all(() -> {}, () -> assertThat(user()).isEqualTo("Anna")));
          OF_USER.run(
              () ->
                  Bundle.run(
                      bundle ->
                          bundle.fork(
                              () -> {
                                assertThat(forked(InheritanceTest::user)).isEqualTo("Anna");
                                USER.set(Fiber.current(), "Berta");
                                assertThat(forked(InheritanceTest::user)).isEqualTo("Berta");
                              })));
          assertThat(user()).isEqualTo("Anna");
        });
  }

  @OnEveryScheduler
  void outsideOfIt_nothingIsInherited(Scheduler scheduler) {
    scheduler.run(
        () -> {
          USER.set(Fiber.current(), "Anna");
          assertThat(forked(InheritanceTest::user)).isEqualTo("nobody");
          OF_USER.run(() -> {});
          assertThat(forked(InheritanceTest::user)).isEqualTo("nobody");
          assertThatThrownBy(
                  () ->
                      OF_USER.run(
                          () -> {
                            throw new IOException();
                          }))
              .isInstanceOf(IOException.class);
          assertThat(forked(InheritanceTest::user)).isEqualTo("nobody");
          // A scope decides when it is opened.
          Bundle.run(
              bundle ->
                  OF_USER.run(
                      () ->
                          assertThat(bundle.forkAsPromise(InheritanceTest::user).await())
                              .isEqualTo("nobody")));
        });
  }

  @OnEveryScheduler
  void innermost_decides(Scheduler scheduler) {
    scheduler.run(
        () -> {
          USER.set(Fiber.current(), "Anna");
          REQUEST.set(Fiber.current(), "17");
          Inheritance ofRequest = Inheritance.of(REQUEST);
          OF_USER.run(
              () -> {
                ofRequest.run(
                    () -> assertThat(forked(() -> user() + request())).isEqualTo("nobody17"));
                ofRequest
                    .and(OF_USER)
                    .run(() -> assertThat(forked(() -> user() + request())).isEqualTo("Anna17"));
                assertThat(forked(() -> user() + request())).isEqualTo("Annanone");
              });
        });
  }

  @OnEveryScheduler
  void foreignThreadThatForks_handsItsOwnOn(Scheduler scheduler) throws Exception {
    scheduler.run(
        () -> {
          USER.set(Fiber.current(), "Anna");
          OF_USER.run(
              () ->
                  Bundle.run(
                      bundle -> {
                        Promise<String> seen =
                            Task.start(
                                    () -> {
                                      USER.set(Fiber.current(), "a thread");
                                      return bundle.forkAsPromise(InheritanceTest::user);
                                    })
                                .result();
                        assertThat(seen.await()).isEqualTo("a thread");
                      }));
        });
  }

  @OnEveryScheduler
  void bind_isForFibersThatNoScopeStarts(Scheduler scheduler) {
    scheduler.run(
        () -> {
          USER.set(Fiber.current(), "Anna");
          Computation<String> result = new Computation<>();
          var body = OF_USER.<String>bind(InheritanceTest::user);
          USER.set(Fiber.current(), "Berta");
          Fiber.spawn(new Fiber(result), fiber -> result.tryCapture(body::run));
          assertThat(result.await()).isEqualTo("Anna");
        });
  }

  private static List<String> orders(String user) {
    return List.of("of " + user);
  }

  private static int balance(String user) {
    return user.length();
  }

  // region inheritance
  static final FiberLocal<String> CALLER = new FiberLocal<>();
  static final Inheritance OF_CALLER = Inheritance.of(CALLER);

  static String page() {
    return OF_CALLER.call(
        () ->
            Bundle.call(
                bundle -> {
                  Promise<List<String>> orders =
                      bundle.forkAsPromise("orders", () -> orders(CALLER.get(Fiber.current())));
                  Promise<Integer> balance =
                      bundle.forkAsPromise("balance", () -> balance(CALLER.get(Fiber.current())));
                  return orders.await() + ", " + balance.await();
                }));
  }

  // endregion

  @OnEveryScheduler
  void example_works(Scheduler scheduler) {
    scheduler.run(
        () -> {
          CALLER.set(Fiber.current(), "Anna");
          assertThat(page()).isEqualTo("[of Anna], 4");
        });
  }

  // What goes wrong

  @OnEveryScheduler
  void captureThatFails_forksNothing(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Inheritance failing =
              () -> {
                throw new UnsupportedOperationException("by capture");
              };
          failing.run(
              () ->
                  Bundle.run(
                      bundle -> {
                        AtomicBoolean ran = new AtomicBoolean();
                        assertThatThrownBy(() -> bundle.fork(() -> ran.set(true)))
                            .hasMessage("by capture");
                        assertThatThrownBy(() -> bundle.forkAsPromise(() -> ran.getAndSet(true)))
                            .hasMessage("by capture");
                        Fiber.yield();
                        assertThat(ran).isFalse();
                      }));
        });
  }

  @OnEveryScheduler
  void exceptionOfTheBody_comesOutUnchanged(Scheduler scheduler) {
    scheduler.run(
        () -> {
          IOException thrown = new IOException("by the body");
          Inheritance wrapping =
              () ->
                  body -> {
                    try {
                      body.run();
                    } catch (Throwable byBody) {
                      throw new IllegalStateException("from restoring");
                    }
                  };
          Inheritance swallowing =
              () ->
                  body -> {
                    try {
                      body.run();
                    } catch (Throwable byBody) {
                      // swallowed
                    }
                  };
          for (Inheritance inheritance : List.of(OF_USER, wrapping, swallowing)) {
            assertThatThrownBy(
                    () ->
                        inheritance
                            .bindBlock(
                                () -> {
                                  throw thrown;
                                })
                            .run())
                .isSameAs(thrown);
          }
          assertThat(thrown.getSuppressed())
              .singleElement()
              .isInstanceOf(IllegalStateException.class);
        });
  }

  @OnEveryScheduler
  void restoringThatFails_isTheFailureOfTheFiber(Scheduler scheduler) {
    Inheritance failing =
        () ->
            body -> {
              throw new UnsupportedOperationException("by restoring");
            };
    assertThatThrownBy(() -> scheduler.run(() -> failing.run(() -> Run.all(() -> {}, () -> {}))))
        .hasMessage("by restoring");
    Inheritance idle = () -> body -> {};
    assertThatThrownBy(() -> scheduler.run(() -> idle.run(() -> Run.all(() -> {}, () -> {}))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("has not run the body");
  }

  @OnEveryScheduler
  void terminationOfTheScope_isSilentStill(Scheduler scheduler) {
    AtomicInteger stopped = new AtomicInteger();
    scheduler.run(
        () ->
            OF_USER.run(
                () ->
                    Bundle.run(
                        bundle -> {
                          bundle.fork(
                              () -> {
                                try {
                                  new Computation<>().await();
                                } catch (TerminateException end) {
                                  stopped.incrementAndGet();
                                  throw end;
                                }
                              });
                          Fiber.yield();
                          bundle.terminate();
                        })));
    assertThat(stopped.get()).isBetween(0, 1);
  }

  @Test
  void nulls() {
    assertThatThrownBy(() -> OF_USER.and(null)).hasMessage("other");
    assertThatThrownBy(() -> OF_USER.run(null)).hasMessage("block");
    assertThatThrownBy(() -> OF_USER.call(null)).hasMessage("body");
    assertThatThrownBy(() -> OF_USER.bind(null)).hasMessage("body");
    assertThatThrownBy(() -> OF_USER.bindBlock(null)).hasMessage("block");
    assertThatThrownBy(() -> Inheritance.of(USER, null)).isInstanceOf(NullPointerException.class);
  }
}
