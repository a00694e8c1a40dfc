package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.testing.Task;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HandlerTest {
  private final Recorder outer = new Recorder();
  private final Recorder inner = new Recorder();
  private final List<Object> log = new ArrayList<>();

  /** Notes the operations that reach it, and does nothing else. */
  private static class Recorder implements Handler {
    final Fiber fiber = new Fiber(new Computation<>());
    final RuntimeException reason = new RuntimeException("reason");
    final List<List<Object>> calls = new ArrayList<>();

    @Override
    public Fiber current() {
      calls.add(List.of("current"));
      return fiber;
    }

    @Override
    public void spawn(Fiber child, Consumer<? super Fiber> main) {
      calls.add(List.of("spawn", child, main));
    }

    @Override
    public void yield() {
      calls.add(List.of("yield"));
    }

    @Override
    public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
      calls.add(List.of("cancelAfter", computation, delay, reason));
    }

    @Override
    public Throwable await(Trigger trigger) {
      calls.add(List.of("await", trigger));
      trigger.dispose();
      return reason;
    }
  }

  @Test
  void operations_reachTheBoundHandler() {
    // the five operations come to the handler that is bound, with their arguments
    Fiber child = new Fiber(new Computation<>());
    Consumer<Fiber> main = fiber -> {};
    Computation<Integer> computation = new Computation<>();
    Duration delay = Duration.ofHours(1);
    Throwable reason = new Exception("reason");
    Trigger trigger = new Trigger();

    Handler.using(
        outer,
        () -> {
          log.add(Fiber.current());
          Fiber.spawn(child, main);
          Fiber.yield();
          computation.cancelAfter(delay, reason);
          log.add(trigger.await());
        });

    assertThat(outer.calls)
        .containsExactly(
            List.of("current"),
            List.of("spawn", child, main),
            List.of("yield"),
            List.of("cancelAfter", computation, delay, reason),
            List.of("await", trigger));
    assertThat(log).containsExactly(outer.fiber, outer.reason);
  }

  @Test
  void spawnIn_theSameRun_isSpawn() {
    // a fiber for the run that the caller is in is spawned by the caller
    Fiber child = new Fiber(new Computation<>());
    Consumer<Fiber> main = fiber -> {};
    Recorder kin =
        new Recorder() {
          @Override
          public boolean isOfSameRun(Handler other) {
            return other == outer;
          }
        };

    Handler.using(outer, () -> Fiber.spawnIn(Handler.ofCurrentThread(), child, main));
    Handler.using(kin, () -> Fiber.spawnIn(outer, new Fiber(new Computation<>()), main));

    assertThat(outer.calls).containsExactly(List.of("spawn", child, main));
    assertThat(kin.calls).hasSize(1).allMatch(call -> call.get(0).equals("spawn"));
  }

  /** Takes fibers from outside of its run. */
  private static final class Host extends Recorder {
    @Override
    public void spawnFromOutside(Fiber child, Consumer<? super Fiber> main) {
      calls.add(List.of("spawnFromOutside", child, main));
    }
  }

  @Test
  void spawnIn_anotherRun_handsOver() {
    // a fiber for another run is handed over to the handler there, once
    Host home = new Host();
    Fiber child = new Fiber(new Computation<>());
    Consumer<Fiber> main = fiber -> {};

    Fiber.spawnIn(home, child, main);

    assertThat(home.calls).containsExactly(List.of("spawnFromOutside", child, main));
    assertThatIllegalStateException()
        .isThrownBy(() -> Fiber.spawnIn(home, child, main))
        .withMessageContaining("already spawned");
    assertThatIllegalStateException()
        .isThrownBy(() -> Fiber.spawn(child, main))
        .withMessageContaining("already spawned");
    assertThat(home.calls).hasSize(1);
  }

  @Test
  void spawnIn_inCanceledCaller_handsNothingOver() {
    // a canceled caller throws its reason, and the fiber can be spawned later
    Host home = new Host();
    Fiber child = new Fiber(new Computation<>());
    outer.fiber.computation().tryCancel(outer.reason);

    Handler.using(
        outer,
        () ->
            assertThatThrownBy(() -> Fiber.spawnIn(home, child, fiber -> {}))
                .isSameAs(outer.reason));
    assertThat(home.calls).isEmpty();

    outer.fiber.setForbidCancelation(true);
    Handler.using(outer, () -> Fiber.spawnIn(home, child, fiber -> {}));
    assertThat(home.calls).hasSize(1);
  }

  @Test
  void spawnIn_aRunThatTakesNone_isRefused() {
    // a handler takes no fibers from outside by default, and the fiber can be spawned later
    Fiber child = new Fiber(new Computation<>());

    assertThatThrownBy(() -> Fiber.spawnIn(inner, child, fiber -> {}))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining(Recorder.class.getName())
        .hasMessageContaining("spawnFromOutside");
    Handler.using(outer, () -> Fiber.spawn(child, fiber -> {}));

    assertThat(inner.calls).isEmpty();
    assertThat(outer.calls).hasSize(1);
  }

  @Test
  void spawnIn_nulls() {
    // null is neither a handler, nor a fiber, nor a main
    Fiber child = new Fiber(new Computation<>());
    Host home = new Host();

    assertThatNullPointerException().isThrownBy(() -> Fiber.spawnIn(null, child, fiber -> {}));
    assertThatNullPointerException().isThrownBy(() -> Fiber.spawnIn(home, null, fiber -> {}));
    assertThatNullPointerException().isThrownBy(() -> Fiber.spawnIn(home, child, null));
    Fiber.spawnIn(home, child, fiber -> {});

    assertThat(home.calls).hasSize(1);
  }

  @Test
  void random_isTheHandlersOrElseChance() {
    // a handler may decide what chance gives; where none does, every number comes up
    Handler biased =
        new FailingHandler() {
          @Override
          public int random(int bound) {
            return bound - 1;
          }
        };
    Handler.using(biased, () -> assertThat(Fiber.random(7)).isEqualTo(6));

    Set<Integer> drawn = new HashSet<>();
    while (drawn.size() < 10) {
      drawn.add(Fiber.random(10));
    }
    Handler.using(
        outer,
        () -> {
          while (drawn.size() < 20) {
            drawn.add(10 + Fiber.random(10));
          }
        });
    assertThat(drawn).allSatisfy(number -> assertThat(number).isBetween(0, 19));
    assertThatIllegalArgumentException().isThrownBy(() -> Fiber.random(0));
  }

  @Test
  void computations_awaitThroughTheHandler() {
    // awaiting and joining a running computation throw the reason that the handler's await returns
    Computation<Integer> computation = new Computation<>();

    Handler.using(
        outer,
        () -> {
          assertThatThrownBy(computation::await).isSameAs(outer.reason);
          assertThatThrownBy(computation::join).isSameAs(outer.reason);
        });

    assertThat(outer.calls).hasSize(2).allMatch(call -> call.get(0).equals("await"));
    assertThat(computation.attachedCount()).isZero();
  }

  @Test
  void sleep_dropsItsTimeoutWhenCanceled() {
    // a sleep that ends early completes the computation that it set a timeout on
    Handler.using(
        outer,
        () -> assertThatThrownBy(() -> Fiber.sleep(Duration.ofHours(1))).isSameAs(outer.reason));

    Computation<?> timed = (Computation<?>) outer.calls.get(0).get(1);
    assertThat(outer.calls.get(0)).startsWith("cancelAfter", timed, Duration.ofHours(1));
    assertThat(timed.isRunning()).isFalse();
  }

  @Test
  void exceptions_ofHandlerFunctions() {
    // What current, spawn, yield and cancelAfter throw comes out in the calling fiber
    FailingHandler failing = new FailingHandler();
    Fiber child = new Fiber(new Computation<>());
    Computation<Integer> computation = new Computation<>();

    Handler.using(
        failing,
        () -> {
          assertThatThrownBy(Fiber::current).isSameAs(failing.failure);
          assertThatThrownBy(() -> Fiber.spawn(child, fiber -> {})).isSameAs(failing.failure);
          assertThatThrownBy(Fiber::yield).isSameAs(failing.failure);
          assertThatThrownBy(() -> computation.cancelAfter(Duration.ZERO, failing.failure))
              .isSameAs(failing.failure);
          assertThatThrownBy(() -> Fiber.sleep(Duration.ZERO)).isSameAs(failing.failure);
        });

    assertThat(computation.isRunning()).isTrue();
  }

  @Test
  void unboundThread_isAFiber() {
    // Unlike in the original, a thread without a scheduler has the thread handler
    Fiber first = Fiber.current();
    Fiber second = Fiber.current();
    Fiber.yield();

    assertThat(first).isSameAs(second).isSameAs(Fiber.current());
    assertThat(first.isCanceled()).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void using_nests(Task.Kind kind) throws Exception {
    // the innermost handler is used, and what was bound before is restored
    Task<List<Fiber>> task =
        Task.start(
            kind,
            () -> {
              List<Fiber> seen = new ArrayList<>();
              Fiber own = Fiber.current();
              Handler.using(
                  outer,
                  () -> {
                    seen.add(Fiber.current());
                    Handler.using(inner, () -> seen.add(Fiber.current()));
                    seen.add(Fiber.current());
                    Handler.using(outer, () -> seen.add(Fiber.current()));
                    seen.add(Fiber.current());
                  });
              assertThat(Fiber.current()).isSameAs(own);
              return seen;
            });

    assertThat(task.result())
        .containsExactly(outer.fiber, inner.fiber, outer.fiber, outer.fiber, outer.fiber);
  }

  @Test
  void using_restoresOnException() {
    // what was bound before is restored when the body throws, and a checked exception comes out
    Fiber plain = Fiber.current();
    IOException thrown = new IOException();
    Block<IOException> throwing =
        () -> {
          throw thrown;
        };

    assertThatThrownBy(() -> Handler.using(outer, throwing)).isSameAs(thrown);
    log.add(Fiber.current());
    Handler.using(
        outer,
        () -> {
          assertThatThrownBy(() -> Handler.using(inner, throwing)).isSameAs(thrown);
          log.add(Fiber.current());
        });

    assertThat(log).containsExactly(plain, outer.fiber);
  }

  @Test
  void using_holdsInItsThreadAlone() throws Exception {
    // other threads are not concerned, those started in the body included
    Handler.using(
        outer,
        () -> {
          for (Task.Kind kind : Task.Kind.values()) {
            log.add(started(kind));
          }
        });

    assertThat(log).doesNotContain(outer.fiber).doesNotHaveDuplicates().hasSize(2);
    assertThat(outer.calls).isEmpty();
  }

  private static Fiber started(Task.Kind kind) {
    try {
      return Task.start(kind, Fiber::current).result();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void using_inManyThreads() throws Exception {
    // bindings in several threads do not disturb each other
    List<Task<Boolean>> tasks = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Recorder own = new Recorder();
      tasks.add(
          Task.start(
              () -> {
                boolean alwaysOwn = true;
                for (int j = 0; j < 1_000; j++) {
                  Fiber before = Fiber.current();
                  List<Fiber> seen = new ArrayList<>();
                  Handler.using(own, () -> seen.add(Fiber.current()));
                  alwaysOwn &= seen.get(0) == own.fiber && Fiber.current() == before;
                }
                return alwaysOwn;
              }));
    }

    for (Task<Boolean> task : tasks) {
      assertThat(task.result()).isTrue();
    }
  }

  @Test
  void using_nulls() {
    // null is neither a handler nor a body, and nothing is bound afterwards
    Fiber plain = Fiber.current();
    Block<RuntimeException> block = () -> log.add("ran");

    assertThatNullPointerException().isThrownBy(() -> Handler.using(null, block));
    assertThatNullPointerException()
        .isThrownBy(() -> Handler.using(outer, (Block<RuntimeException>) null));

    assertThat(log).isEmpty();
    assertThat(Fiber.current()).isSameAs(plain);
  }
}
