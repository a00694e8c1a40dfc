package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.resource.ResourceBlock;
import dev.picos.std.resource.Using;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Terminate;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.Task;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class UsingTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final List<String> log = new ArrayList<>();

  private String acquire() {
    log.add("acquire");
    return "resource";
  }

  private void release(String resource) {
    log.add("release " + resource);
  }

  @OnEveryScheduler
  void bodyReturns(Scheduler scheduler) {
    // FN-01: acquire, body, release, each once and in this order; the value comes out
    String value =
        scheduler.call(
            () ->
                Using.resource(
                    this::acquire,
                    this::release,
                    resource -> {
                      log.add("body " + resource);
                      return "value";
                    }));

    assertThat(value).isEqualTo("value");
    assertThat(log).containsExactly("acquire", "body resource", "release resource");
  }

  @OnEveryScheduler
  void bodyThrows(Scheduler scheduler) {
    // FN-01: released once, and the exception comes out, that very object, checked or not
    for (Throwable thrown : List.of(new IOException("thrown"), reason, new AssertionError())) {
      log.clear();
      scheduler.run(
          () ->
              assertThatThrownBy(
                      () ->
                          Using.resource(
                              this::acquire,
                              this::release,
                              resource -> {
                                Fibers.sneak(thrown);
                              }))
                  .isSameAs(thrown)
                  .hasNoSuppressedExceptions());
      assertThat(log).containsExactly("acquire", "release resource");
    }
  }

  @Test
  void checkedException_isThatOfTheSignature() {
    // what the three throw comes out with its type
    assertThatThrownBy(() -> readLine(true)).isInstanceOf(IOException.class).hasMessage("no line");
    assertThat(log).containsExactly("acquire", "release resource");
  }

  private String readLine(boolean fails) throws IOException {
    return Using.resource(
        this::acquire,
        this::release,
        resource -> {
          if (fails) {
            throw new IOException("no line");
          }
          return resource;
        });
  }

  @Test
  void acquireThrows() {
    // FN-01: what was not acquired is not released
    assertThatThrownBy(
            () ->
                Using.resource(
                    () -> {
                      throw reason;
                    },
                    resource -> log.add("release"),
                    resource -> {
                      log.add("body");
                    }))
        .isSameAs(reason);
    assertThat(log).isEmpty();
  }

  @OnEveryScheduler
  void releaseWaits_inCanceledFiber(Scheduler scheduler) {
    // FN-03: a release that waits is not cut short, although the fiber is canceled
    scheduler.run(
        () -> {
          Mutex mutex = new Mutex();
          Semaphore semaphore = new Semaphore(0);
          var helper = Fibers.start(() -> releaseLater(semaphore));
          Canceled.with(
              reason,
              () ->
                  assertThatThrownBy(
                          () ->
                              Using.lastly(
                                  () -> {
                                    Fiber.yield();
                                    Fiber.sleep(Duration.ofMillis(1));
                                    semaphore.acquire();
                                    mutex.protect(() -> log.add("released"));
                                  },
                                  () -> {
                                    Control.block();
                                  }))
                      .isSameAs(reason));
          helper.await();
        });
    assertThat(log).containsExactly("released");
  }

  private static boolean releaseLater(Semaphore semaphore) {
    for (int i = 0; i < 20; i++) {
      Fiber.yield();
    }
    semaphore.release();
    return true;
  }

  @OnEveryScheduler
  void cancelationInBody_acquired(Scheduler scheduler) {
    // cancelation reaches acquire and body as without this
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  assertThatThrownBy(
                          () ->
                              Using.resource(
                                  () -> {
                                    Fiber.yield();
                                    return acquire();
                                  },
                                  this::release,
                                  this::release))
                      .isSameAs(reason);
                  assertThat(log).isEmpty();
                  Using.resource(this::acquire, this::release, resource -> {});
                }));
    assertThat(log).containsExactly("acquire", "release resource");
  }

  @OnEveryScheduler
  void forbiddenOnlyInRelease(Scheduler scheduler) {
    // the fiber forbids cancelation in the release, and before and after as it did
    scheduler.run(
        () -> {
          Fiber fiber = Fiber.current();
          for (boolean forbidden : new boolean[] {false, true}) {
            fiber.setForbid(forbidden);
            for (boolean fails : new boolean[] {false, true}) {
              Block<RuntimeException> using =
                  () ->
                      Using.lastly(
                          () -> {
                            assertThat(fiber.hasForbidden()).isTrue();
                            if (fails) {
                              throw reason;
                            }
                          },
                          () -> assertThat(fiber.hasForbidden()).isEqualTo(forbidden));
              if (fails) {
                assertThatThrownBy(using::run).isSameAs(reason);
              } else {
                using.run();
              }
              assertThat(fiber.hasForbidden()).isEqualTo(forbidden);
            }
          }
          fiber.setForbid(false);
        });
  }

  private static void failTwice(Throwable ofBody, Throwable ofRelease) {
    Using.lastly(() -> Fibers.sneak(ofRelease), () -> Fibers.sneak(ofBody));
  }

  @Test
  void releaseThrows() {
    // FN-05: a failed release is not overlooked, though the body returned
    assertThatThrownBy(
            () ->
                Using.lastly(
                    () -> {
                      throw reason;
                    },
                    () -> "value"))
        .isSameAs(reason);
  }

  @Test
  void bothThrow() {
    // FN-05: the exception of the release comes out, and that of the body is suppressed by it
    Throwable ofBody = new IOException("body");
    Throwable ofRelease = new IOException("release");

    assertThatThrownBy(() -> failTwice(ofBody, ofRelease))
        .isSameAs(ofRelease)
        .satisfies(thrown -> assertThat(thrown.getSuppressed()).containsExactly(ofBody));
    assertThat(ofBody).hasNoSuppressedExceptions();
  }

  @Test
  void bothThrow_sameObject() {
    // one object thrown twice comes out, and no complaint about self-suppression
    assertThatThrownBy(() -> failTwice(reason, reason)).isSameAs(reason);
    assertThat(reason).hasNoSuppressedExceptions();
  }

  @Test
  void bothThrow_bodyAskedToStop() {
    // an error of the release comes out of a fiber that was asked to stop
    Terminate stop = new Terminate();

    assertThatThrownBy(() -> failTwice(stop, reason)).isSameAs(reason);
    assertThat(reason.getSuppressed()).containsExactly(stop);
  }

  @Test
  void bothThrow_releaseAskedToStop() {
    // a Terminate, which can suppress nothing, does not hide the error of the body
    Terminate stop = new Terminate();

    assertThatThrownBy(() -> failTwice(reason, stop)).isSameAs(reason);
    assertThat(reason.getSuppressed()).containsExactly(stop);
  }

  @Test
  void bothThrow_neitherSuppresses() {
    // where neither can carry the other it is the one of the release
    Terminate ofBody = new Terminate();
    Terminate ofRelease = new Terminate();

    assertThatThrownBy(() -> failTwice(ofBody, ofRelease)).isSameAs(ofRelease);
  }

  @ParameterizedTest
  @EnumSource
  void plainThread(Task.Kind kind) throws Exception {
    // FN-06: no scheduler is needed
    Task<String> task =
        Task.start(kind, () -> Using.resource(this::acquire, this::release, UsingTest::fine));

    assertThat(task.result()).isEqualTo("fine resource");
    assertThat(log).containsExactly("acquire", "release resource");
  }

  private static String fine(String resource) {
    return "fine " + resource;
  }

  @Test
  void nested_releasedInReverse() {
    // what was acquired last is released first
    Using.lastly(
        () -> log.add("outer"),
        () -> {
          Using.lastly(() -> log.add("inner"), () -> log.add("body"));
        });

    assertThat(log).containsExactly("body", "inner", "outer");
  }

  @Test
  @SuppressWarnings("NullAway") // the test is about that
  void nulls() {
    // nothing is acquired or run when something is missing
    ResourceBlock<String, RuntimeException> none = null;
    Block<RuntimeException> noBlock = null;
    assertThatNullPointerException()
        .isThrownBy(() -> Using.resource(this::acquire, none, resource -> {}))
        .withMessage("release");
    assertThatNullPointerException()
        .isThrownBy(() -> Using.resource(this::acquire, this::release, none))
        .withMessage("body");
    assertThatNullPointerException()
        .isThrownBy(() -> Using.lastly(noBlock, () -> log.add("body")))
        .withMessage("action");
    assertThatNullPointerException()
        .isThrownBy(() -> Using.lastly(() -> log.add("action"), noBlock))
        .withMessage("body");
    assertThat(log).isEmpty();
  }
}
