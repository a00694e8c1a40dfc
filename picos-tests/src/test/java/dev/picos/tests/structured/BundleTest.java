package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.picos.core.BodyWith;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.OnReturn;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** What a bundle returns, and when. */
class BundleTest {
  private static final Duration LONG = Duration.ofHours(1);

  private final AtomicInteger ended = new AtomicInteger();

  @OnEveryScheduler
  void value_afterAllChildrenEnded(Scheduler scheduler) {
    // The value of the main body is returned once every child has ended
    int value =
        scheduler.call(
            () -> {
              int returned =
                  Bundle.call(
                      bundle -> {
                        for (int i = 0; i < 5; i++) {
                          bundle.fork(
                              () -> {
                                Control.yield();
                                Control.sleep(Duration.ofMillis(1));
                                ended.incrementAndGet();
                              });
                        }
                        return 42;
                      });
              assertThat(ended).hasValue(5);
              return returned;
            });
    assertThat(value).isEqualTo(42);
  }

  @OnEveryScheduler
  void nothing_whereNothingIsForked(Scheduler scheduler) {
    // an empty scope returns its value, null included, and leaves the fiber as it was
    scheduler.run(
        () -> {
          Computation<?> before = Fiber.current().computation();
          Object value = Bundle.call(bundle -> null);
          assertThat(value).isNull();
          assertThat(Fiber.current().computation()).isSameAs(before);
          assertThat(Fiber.current().forbidsCancelation()).isFalse();
        });
  }

  @OnEveryScheduler
  void childrenOfChildren_areWaitedForToo(Scheduler scheduler) {
    // A child may fork in its own bundle, and that one is waited for as well
    scheduler.run(
        () -> {
          Bundle.run((Bundle bundle) -> forkTree(bundle, 6));
          assertThat(ended).hasValue(127);
        });
  }

  private void forkTree(Bundle bundle, int depth) {
    ended.incrementAndGet();
    if (depth > 0) {
      bundle.fork(() -> forkTree(bundle, depth - 1));
      bundle.fork(() -> forkTree(bundle, depth - 1));
    }
  }

  @OnEveryScheduler
  void daemons_areTerminatedOnReturn(Scheduler scheduler) {
    // With OnReturn.TERMINATE the children are terminated when the main body returns
    scheduler.run(
        () -> {
          int value =
              Bundle.call(
                  OnReturn.TERMINATE,
                  bundle -> {
                    bundle.fork(() -> Children.blockAndEndSlowly(ended));
                    bundle.fork(() -> Children.blockAndEndSlowly(ended));
                    Control.yield();
                    return 1;
                  });
          assertThat(value).isEqualTo(1);
          assertThat(ended).hasValue(2);
          Control.check();
        });
  }

  @OnEveryScheduler
  void happensBefore_joinReturns(Scheduler scheduler) {
    // what the children did is seen after the join, without further synchronization
    int[] plain = new int[16];
    scheduler.run(
        () -> {
          for (int round = 1; round <= 500; round++) {
            int each = round;
            Bundle.run(
                bundle -> {
                  for (int i = 0; i < plain.length; i++) {
                    int index = i;
                    bundle.fork(() -> plain[index] = each);
                  }
                });
            assertThat(plain).containsOnly(each);
          }
        });
  }

  @OnEveryScheduler
  void race_ofLastChildAndJoin(Scheduler scheduler) {
    // Whether the last child or the main body is first at the end, the join returns
    scheduler.run(
        () -> {
          for (int round = 0; round < 6_000; round++) {
            int spins = round % 100;
            Bundle.run(
                bundle -> {
                  bundle.fork(ended::incrementAndGet);
                  for (int i = 0; i < spins; i++) {
                    Thread.onSpinWait();
                  }
                });
            assertThat(ended.get()).isEqualTo(round + 1);
          }
        });
  }

  @OnEveryScheduler
  void misuse(Scheduler scheduler) {
    // null and negative delays are refused, and nothing is started or stopped by that
    scheduler.run(
        () -> {
          assertThatNullPointerException()
              .isThrownBy(() -> Bundle.call((BodyWith<Bundle, Object, IOException>) null));
          assertThatNullPointerException().isThrownBy(() -> Bundle.call(null, bundle -> 1));
          Bundle.run(
              bundle -> {
                assertThatNullPointerException().isThrownBy(() -> bundle.fork(null));
                assertThatNullPointerException().isThrownBy(() -> bundle.forkAsPromise(null));
                assertThatNullPointerException().isThrownBy(() -> bundle.error(null));
                assertThatNullPointerException().isThrownBy(() -> bundle.terminate(null));
                assertThatNullPointerException().isThrownBy(() -> bundle.timeoutAfter(null));
                assertThatIllegalArgumentException()
                    .isThrownBy(() -> bundle.timeoutAfter(Duration.ofNanos(-1)));
                bundle.timeoutAfter(LONG);
                Control.check();
              });
        });
  }

  @OnEveryScheduler
  void toString_tellsTheState(Scheduler scheduler) {
    // for people
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  assertThat(bundle).hasToString("Bundle[running, 1 at work]");
                  bundle.terminate();
                  assertThat(bundle).hasToString("Bundle[stopped, 1 at work]");
                }));
  }
}
