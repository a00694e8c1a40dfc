package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.testing.Wait;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * What is special to the thread scheduler; what holds on every scheduler is tested on every one of
 * them.
 */
class ThreadSchedulerTest {
  private final ThreadScheduler scheduler = ThreadScheduler.create();
  private final RuntimeException reason = new RuntimeException("reason");
  private final List<Object> log = Collections.synchronizedList(new ArrayList<>());

  private static void spawn(Consumer<? super Fiber> main) {
    Fiber.spawn(new Fiber(new Computation<>()), main);
  }

  private void spawnThrowing() {
    spawn(
        fiber -> {
          throw reason;
        });
  }

  @Test
  void fiber_isAVirtualThreadOfItsOwn() {
    // every fiber has a virtual thread of its own, and the main fiber has one, too
    scheduler.run(
        () -> {
          log.add(Thread.currentThread());
          spawn(fiber -> log.add(Thread.currentThread()));
        });

    assertThat(log).hasSize(2).doesNotHaveDuplicates();
    assertThat(log).allMatch(thread -> ((Thread) thread).isVirtual());
  }

  @Test
  void run_ofTwoThrowingFibers() throws Exception {
    // nothing is swallowed: what escapes after the first exception is suppressed in the error
    RuntimeException second = new RuntimeException("second");
    AtomicReference<Thread> first = new AtomicReference<>();

    FatalFiberError error =
        catchThrowableOfType(
            FatalFiberError.class,
            () ->
                scheduler.run(
                    () -> {
                      Fiber.spawn(
                          new Fiber(new Computation<>()),
                          fiber -> {
                            Wait.until(() -> first.get() != null && !first.get().isAlive());
                            throw second;
                          });
                      Fiber.spawn(
                          new Fiber(new Computation<>()),
                          fiber -> {
                            first.set(Thread.currentThread());
                            throw reason;
                          });
                    }));

    assertThat(error).cause().isSameAs(reason);
    Wait.until(() -> List.of(error.getSuppressed()).contains(second));
  }

  @Test
  void fibersLeft_areNotUnwound() {
    // a fiber left behind accepts wake-ups and goes no further
    Trigger trigger = new Trigger();
    AtomicReference<Thread> left = new AtomicReference<>();
    assertThatThrownBy(
            () ->
                scheduler.run(
                    () -> {
                      spawn(
                          fiber -> {
                            left.set(Thread.currentThread());
                            try {
                              assertThat(trigger.await()).isNull();
                            } finally {
                              log.add("went on");
                            }
                          });
                      Wait.until(() -> left.get() != null);
                      Wait.until(() -> left.get().getState() == Thread.State.WAITING);
                      spawnThrowing();
                    }))
        .isInstanceOf(FatalFiberError.class);

    trigger.signal();
    Wait.until(() -> LockSupport.getBlocker(left.get()) instanceof ThreadRun);
    left.get().interrupt();
    Wait.until(() -> left.get().getState() == Thread.State.WAITING);

    assertThat(log).isEmpty();
  }

  @Test
  void fibersLeft_stopAtTheirNextYield() {
    // a fiber that only yields goes on up to its next yield, and no further
    AtomicReference<Thread> left = new AtomicReference<>();

    assertThatThrownBy(
            () ->
                scheduler.run(
                    () -> {
                      spawn(
                          fiber -> {
                            left.set(Thread.currentThread());
                            while (true) {
                              Fiber.yield();
                            }
                          });
                      Wait.until(() -> left.get() != null);
                      spawnThrowing();
                    }))
        .isInstanceOf(FatalFiberError.class);

    Wait.until(() -> LockSupport.getBlocker(left.get()) instanceof ThreadRun);
    assertThat(left.get().isAlive()).isTrue();
  }
}
