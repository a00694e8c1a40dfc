package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminatedException;
import dev.picos.tests.OnEveryScheduler;
import java.util.concurrent.atomic.AtomicReference;

/** Names of fibers, promises and scopes. */
class NamesTest {
  private static String nameOfThread() {
    return Thread.currentThread().getName();
  }

  @OnEveryScheduler
  void forkedFiber_hasItsName(Scheduler scheduler) {
    scheduler.run(
        () -> {
          String own = nameOfThread();
          AtomicReference<String> ofFork = new AtomicReference<>();
          AtomicReference<String> ofFlock = new AtomicReference<>();
          Bundle.run(
              bundle -> {
                bundle.fork("courier", () -> ofFork.set(nameOfThread()));
                Promise<String> promise = bundle.forkAsPromise("clerk", NamesTest::nameOfThread);
                assertThat(promise.await()).isEqualTo("clerk");
                assertThat(promise.toString()).startsWith("Promise[clerk: ");
              });
          Flock.run(
              () -> {
                Flock.fork("guard", () -> ofFlock.set(nameOfThread()));
                assertThat(Flock.<String>forkAsPromise("cook", NamesTest::nameOfThread).await())
                    .isEqualTo("cook");
              });
          assertThat(ofFork).hasValue("courier");
          assertThat(ofFlock).hasValue("guard");
          assertThat(nameOfThread()).isEqualTo(own);
        });
  }

  @OnEveryScheduler
  void nextFiber_doesNotHaveTheName(Scheduler scheduler) {
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  for (int i = 0; i < 10; i++) {
                    bundle.fork("courier", () -> {});
                    assertThat(bundle.<String>forkAsPromise(NamesTest::nameOfThread).await())
                        .isEmpty();
                  }
                }));
  }

  @OnEveryScheduler
  void exceptions_tellTheName(Scheduler scheduler) {
    scheduler.run(
        () -> {
          AtomicReference<Bundle> left = new AtomicReference<>();
          Bundle.run(
              outer -> {
                Promise<Object> promise =
                    outer.forkAsPromise("clerk", () -> new Computation<>().await());
                promise.terminate();
                assertThatThrownBy(promise::await)
                    .isInstanceOf(TerminatedException.class)
                    .hasMessageStartingWith("the promise clerk was terminated");
                Bundle.run(
                    bundle -> {
                      left.set(bundle.named("orders"));
                      assertThat(bundle).hasToString("Bundle[orders: running, 1 at work]");
                      bundle.terminate();
                      Promise<?> foreign =
                          outer.forkAsPromise(
                              () ->
                                  assertThatThrownBy(() -> bundle.fork(() -> {}))
                                      .isInstanceOf(IllegalStateException.class)
                                      .hasMessage(
                                          "stopped: the scope orders takes no more fibers"));
                      Fiber.current().runForbiddingCancelation(foreign::join);
                    });
                assertThatThrownBy(() -> left.get().fork(() -> {}))
                    .hasMessage("already completed: the scope orders has been left");
              });
          assertThatThrownBy(
                  () ->
                      Bundle.call(
                          bundle -> {
                            bundle.named("prices").terminate();
                            return new Computation<Integer>().await();
                          }))
              .isInstanceOf(TerminatedException.class)
              .hasMessageStartingWith("the scope prices was terminated");
        });
  }

  @OnEveryScheduler
  void nulls(Scheduler scheduler) {
    scheduler.run(
        () ->
            Flock.run(
                () ->
                    Bundle.run(
                        bundle -> {
                          assertThatThrownBy(() -> bundle.named(null)).hasMessage("name");
                          assertThatThrownBy(() -> bundle.fork(null, () -> {})).hasMessage("name");
                          assertThatThrownBy(() -> bundle.fork("x", null)).hasMessage("block");
                          assertThatThrownBy(() -> bundle.forkAsPromise(null, () -> 1))
                              .hasMessage("name");
                          assertThatThrownBy(() -> bundle.forkAsPromise("x", null))
                              .hasMessage("body");
                          assertThatThrownBy(() -> Flock.fork(null, () -> {})).hasMessage("name");
                          assertThatThrownBy(() -> Flock.forkAsPromise(null, () -> 1))
                              .hasMessage("name");
                        })));
  }
}
