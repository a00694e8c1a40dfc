package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.core.Scheduler;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.util.ArrayList;
import java.util.List;

/** Values that fibers carry through whatever they do. */
class FiberLocalTest {
  private static final FiberLocal<Object> LOCAL = new FiberLocal<>();

  private final List<Object> log = new ArrayList<>();

  @OnEveryScheduler
  void local_setByTheCreator(Scheduler scheduler) {
    // The creator of a fiber may set its locals before it spawns it
    scheduler.run(
        () -> {
          Computation<Object> child = new Computation<>();
          Fiber fiber = new Fiber(child);
          LOCAL.set(fiber, "value");
          Fiber.spawn(fiber, self -> child.tryReturn(LOCAL.get(Fiber.current())));
          log.add(child.await());
        });

    assertThat(log).containsExactly("value");
  }

  @OnEveryScheduler
  void local_isNotInherited(Scheduler scheduler) {
    // a child has none of its parent's locals, nor the next run those of the last
    scheduler.run(
        () -> {
          LOCAL.set(Fiber.current(), "value");
          log.add(Fibers.start(() -> LOCAL.getOrDefault(Fiber.current(), "unset")).await());
          log.add(LOCAL.get(Fiber.current()));
        });
    scheduler.run(() -> log.add(LOCAL.getOrDefault(Fiber.current(), "unset")));

    assertThat(log).containsExactly("unset", "value", "unset");
  }

  @OnEveryScheduler
  void local_staysWithItsFiber(Scheduler scheduler) {
    // each of a thousand fibers keeps its own value however often it suspends
    List<Computation<Object>> fibers = new ArrayList<>();

    scheduler.run(
        () -> {
          for (int i = 0; i < 1_000; i++) {
            Integer own = i;
            fibers.add(
                Fibers.start(
                    () -> {
                      LOCAL.set(Fiber.current(), own);
                      Fiber.yield();
                      Fibers.start(() -> 1).await();
                      Fiber.yield();
                      return LOCAL.get(Fiber.current()) == own;
                    }));
          }
        });

    assertThat(fibers).hasSize(1_000).allMatch(fiber -> fiber.await().equals(true));
  }
}
