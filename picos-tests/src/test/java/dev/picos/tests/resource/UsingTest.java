package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.resource.Using;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.TerminateException;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
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
    // Acquire, body, release, each once and in this order; the value comes out
    String value =
        scheduler.call(
            () ->
                Using.call(
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
    // Released once, and the exception comes out, that very object, checked or not
    for (Throwable thrown : List.of(new IOException("thrown"), reason, new AssertionError())) {
      log.clear();
      scheduler.run(
          () ->
              assertThatThrownBy(
                      () ->
                          Using.run(
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
    return Using.call(
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
    // What was not acquired is not released
    assertThatThrownBy(
            () ->
                Using.run(
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
    // A release that waits is not cut short, although the fiber is canceled
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
                              Using.runLastly(
                                  () -> {
                                    Fiber.yield();
                                    Fiber.sleep(Duration.ofMillis(1));
                                    semaphore.acquire();
                                    mutex.runLocked(() -> log.add("released"));
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
                              Using.run(
                                  () -> {
                                    Fiber.yield();
                                    return acquire();
                                  },
                                  this::release,
                                  this::release))
                      .isSameAs(reason);
                  assertThat(log).isEmpty();
                  Using.run(this::acquire, this::release, resource -> {});
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
            fiber.setForbidCancelation(forbidden);
            for (boolean fails : new boolean[] {false, true}) {
              Block<RuntimeException> using =
                  () ->
                      Using.runLastly(
                          () -> {
                            assertThat(fiber.forbidsCancelation()).isTrue();
                            if (fails) {
                              throw reason;
                            }
                          },
                          () -> assertThat(fiber.forbidsCancelation()).isEqualTo(forbidden));
              if (fails) {
                assertThatThrownBy(using::run).isSameAs(reason);
              } else {
                using.run();
              }
              assertThat(fiber.forbidsCancelation()).isEqualTo(forbidden);
            }
          }
          fiber.setForbidCancelation(false);
        });
  }

  private static void failTwice(Throwable ofBody, Throwable ofRelease) {
    Using.runLastly(() -> Fibers.sneak(ofRelease), () -> Fibers.sneak(ofBody));
  }

  @Test
  void releaseThrows() {
    // A failed release is not overlooked, though the body returned
    assertThatThrownBy(
            () ->
                Using.callLastly(
                    () -> {
                      throw reason;
                    },
                    () -> "value"))
        .isSameAs(reason);
  }

  @Test
  void bothThrow() {
    // The exception of the body comes out, and that of the release is suppressed by it
    Throwable ofBody = new IOException("body");
    Throwable ofRelease = new IOException("release");

    assertThatThrownBy(() -> failTwice(ofBody, ofRelease))
        .isSameAs(ofBody)
        .satisfies(thrown -> assertThat(thrown.getSuppressed()).containsExactly(ofRelease));
    assertThat(ofRelease).hasNoSuppressedExceptions();
  }

  @Test
  void bothThrow_thirdIsSuppressedAlready() {
    // what the body's exception suppresses already stays there
    Throwable earlier = new IOException("earlier");
    Throwable ofRelease = new IOException("release");
    reason.addSuppressed(earlier);

    assertThatThrownBy(() -> failTwice(reason, ofRelease)).isSameAs(reason);
    assertThat(reason.getSuppressed()).containsExactly(earlier, ofRelease);
  }

  @Test
  void bothThrow_sameObject() {
    // one object thrown twice comes out, and no complaint about self-suppression
    assertThatThrownBy(() -> failTwice(reason, reason)).isSameAs(reason);
    assertThat(reason).hasNoSuppressedExceptions();
  }

  @Test
  void bothThrow_bodyAskedToStop() {
    // an error of the release comes out of a fiber that was asked to stop, which is no error
    TerminateException stop = new TerminateException();

    assertThatThrownBy(() -> failTwice(stop, reason)).isSameAs(reason);
    assertThat(reason.getSuppressed()).containsExactly(stop);
  }

  @OnEveryScheduler
  void bothThrow_childOfScopeAskedToStop(Scheduler scheduler) {
    // so a scope that asked its fibers to stop reports a release that failed
    assertThatThrownBy(
            () ->
                scheduler.run(
                    () ->
                        Flock.run(
                            OnReturn.TERMINATE,
                            () -> {
                              Latch blocked = new Latch(1);
                              Flock.fork(
                                  () ->
                                      Using.runLastly(
                                          () -> {
                                            throw reason;
                                          },
                                          () -> {
                                            blocked.decr();
                                            Control.block();
                                          }));
                              blocked.await();
                            })))
        .isSameAs(reason);
  }

  @Test
  void bothThrow_releaseAskedToStop() {
    // a TerminateException of the release does not hide the error of the body
    TerminateException stop = new TerminateException();

    assertThatThrownBy(() -> failTwice(reason, stop)).isSameAs(reason);
    assertThat(reason.getSuppressed()).containsExactly(stop);
  }

  /** An error that takes no suppressed exceptions, as one that the JVM has kept ready. */
  @SuppressWarnings("serial") // never serialized
  private static final class Sealed extends Error {
    Sealed() {
      super("takes nothing", null, false, false);
    }
  }

  @Test
  void bothThrow_neitherSuppresses() {
    // where neither can carry the other, an error goes before a TerminateException, and else the
    // body's before that of the release
    TerminateException stop = new TerminateException();
    Sealed error = new Sealed();

    assertThatThrownBy(() -> failTwice(stop, error)).isSameAs(error);
    assertThatThrownBy(() -> failTwice(error, stop)).isSameAs(error);
    assertThatThrownBy(() -> failTwice(error, new Sealed())).isSameAs(error);
    assertThatThrownBy(() -> failTwice(stop, new TerminateException())).isSameAs(stop);
  }

  @ParameterizedTest
  @EnumSource
  void plainThread(Task.Kind kind) throws Exception {
    // No scheduler is needed
    Task<String> task =
        Task.start(kind, () -> Using.call(this::acquire, this::release, UsingTest::fine));

    assertThat(task.result()).isEqualTo("fine resource");
    assertThat(log).containsExactly("acquire", "release resource");
  }

  private static String fine(String resource) {
    return "fine " + resource;
  }

  @Test
  void nested_releasedInReverse() {
    // what was acquired last is released first
    Using.runLastly(
        () -> log.add("outer"),
        () -> {
          Using.runLastly(() -> log.add("inner"), () -> log.add("body"));
        });

    assertThat(log).containsExactly("body", "inner", "outer");
  }

  @Test
  @SuppressWarnings("NullAway") // the test is about that
  void nulls() {
    // nothing is acquired or run when something is missing
    BlockWith<String, RuntimeException> none = null;
    Block<RuntimeException> noBlock = null;
    assertThatNullPointerException()
        .isThrownBy(() -> Using.run(this::acquire, none, resource -> {}))
        .withMessage("release");
    assertThatNullPointerException()
        .isThrownBy(() -> Using.run(this::acquire, this::release, none))
        .withMessage("body");
    assertThatNullPointerException()
        .isThrownBy(() -> Using.runLastly(noBlock, () -> log.add("body")))
        .withMessage("action");
    assertThatNullPointerException()
        .isThrownBy(() -> Using.runLastly(() -> log.add("action"), noBlock))
        .withMessage("body");
    assertThat(log).isEmpty();
  }
}
