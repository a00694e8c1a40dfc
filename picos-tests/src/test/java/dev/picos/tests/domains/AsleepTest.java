package dev.picos.tests.domains;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.domains.Domain;
import dev.picos.domains.Domains;
import dev.picos.domains.Service;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.tests.Alone;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.Rounds;
import dev.picos.tests.domains.ServiceTest.OnEachThatStarts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Executions that have nothing to do: they keep no domain, no frame and no thread. */
@Alone
class AsleepTest {
  private static final Domains POOL = Domains.shared();

  private static List<Domain> occupied() {
    return POOL.all().stream().filter(domain -> domain.task() != null).toList();
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("picos-domain"))
        .count();
  }

  private static int deepestStack() {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(entry -> entry.getKey().getName().startsWith("picos-domain"))
        .mapToInt(entry -> entry.getValue().length)
        .max()
        .orElse(0);
  }

  @OnEachThatStarts
  void idleServices_occupyNothing(Supplier<Service> scheduler) {
    // very many services that have worked and wait leave all domains to others, and each of them
    // goes on when there is something to do, whichever is the next
    List<Service> services = Stream.generate(scheduler).limit(Rounds.of(1_000, 100_000)).toList();
    try {
      for (Service service : services) {
        assertThat(service.submit(() -> "first").await()).isEqualTo("first");
      }
      Wait.until(() -> occupied().isEmpty() && threads() == POOL.size());
      assertThat(deepestStack()).isLessThan(20);

      List<Service> shuffled = new ArrayList<>(services);
      Collections.shuffle(shuffled, new Random(1));
      for (Service service : shuffled) {
        assertThat(service.submit(() -> "second").await()).isEqualTo("second");
      }
    } finally {
      services.forEach(Service::close);
    }
    Wait.until(() -> occupied().isEmpty() && threads() == POOL.size());
  }

  @OnEachThatStarts
  void sleepingFibers_occupyNothing(Supplier<Service> scheduler) {
    // an execution whose fibers wait for time to pass has no domain until it has passed
    Computation<Object> life = new Computation<>();
    try (Service service = scheduler.get()) {
      Computation<String> result =
          service.submit(
              () -> {
                Fiber.current().computation().cancelAfter(Duration.ofMinutes(10), new Exception());
                life.join();
                return "over";
              });
      Wait.until(() -> occupied().isEmpty());
      assertThat(result.isRunning()).isTrue();
      life.tryReturn("now");
      assertThat(result.await()).isEqualTo("over");
    }
  }

  @OnEveryKindOfScheduler
  void nestedRuns(Scheduler scheduler) {
    // runs that wait for a run of their own keep no thread, however deep they are nested
    int depth = Rounds.of(2_000, 10_000);
    assertThat(nested(scheduler, depth)).isEqualTo(depth);
    Wait.until(() -> threads() == POOL.size());
  }

  private static int nested(Scheduler scheduler, int depth) {
    return depth == 0 ? 0 : scheduler.call(() -> 1 + nested(scheduler, depth - 1));
  }

  @OnEachThatStarts
  void wakesWhileAllDomainsAreBusy(Supplier<Service> scheduler) {
    // services whose fibers never run out of work share the domains with one that was asleep
    try (Service asleep = scheduler.get()) {
      asleep.submit(() -> 1).await();
      Wait.until(() -> occupied().isEmpty());
      AtomicBoolean over = new AtomicBoolean();
      List<Service> busy = Stream.generate(scheduler).limit(2L * POOL.size()).toList();
      AtomicInteger turns = new AtomicInteger();
      for (Service service : busy) {
        for (int i = 0; i < 3; i++) {
          service.submit(
              () -> {
                while (!over.get()) {
                  turns.incrementAndGet();
                  Fiber.yield();
                }
                return true;
              });
        }
      }
      try {
        Wait.until(() -> turns.get() > 1_000);
        for (int i = 0; i < 20; i++) {
          assertThat(asleep.submit(() -> 2).await()).isEqualTo(2);
        }
      } finally {
        over.set(true);
        busy.forEach(Service::close);
      }
    }
  }

  @OnEachThatStarts
  void wakesWhileAllDomainsAreHeldUp(Supplier<Service> scheduler) throws Exception {
    // fibers that do not give way wait for what a sleeping service is to do, which is done on an
    // extra thread that ends
    try (Service asleep = scheduler.get()) {
      asleep.submit(() -> 1).await();
      Wait.until(() -> occupied().isEmpty());
      AtomicBoolean over = new AtomicBoolean();
      AtomicInteger spinning = new AtomicInteger();
      List<Service> busy = Stream.generate(scheduler).limit(POOL.size()).toList();
      List<Computation<Boolean>> spinners =
          busy.stream()
              .map(
                  service ->
                      service.submit(
                          () -> {
                            spinning.incrementAndGet();
                            while (!over.get()) {
                              Thread.onSpinWait();
                            }
                            return true;
                          }))
              .toList();
      try {
        Wait.until(() -> spinning.get() == POOL.size());
        asleep
            .submit(
                () -> {
                  over.set(true);
                  return true;
                })
            .await();
        spinners.forEach(Computation::await);
      } finally {
        over.set(true);
      }
      busy.forEach(Service::close);
    }
    Wait.until(() -> threads() == POOL.size());
  }

  @Test
  void fewRuns_needFewThreads() throws Exception {
    // the callers of runs that have nothing to do wait, and nothing else does
    List<Computation<Object>> ends = Stream.generate(Computation<Object>::new).limit(100).toList();
    AtomicInteger waiting = new AtomicInteger();
    List<Task<Boolean>> runs =
        ends.stream()
            .map(
                end ->
                    Task.start(
                        Task.Kind.VIRTUAL,
                        () ->
                            FifoScheduler.create()
                                .call(
                                    () -> {
                                      waiting.incrementAndGet();
                                      end.join();
                                      return true;
                                    })))
            .toList();
    Wait.until(() -> waiting.get() == ends.size());
    Wait.until(() -> occupied().isEmpty() && threads() == POOL.size());
    ends.forEach(end -> end.tryReturn("over"));
    for (Task<Boolean> run : runs) {
      assertThat(run.result()).isTrue();
    }
  }

  @OnEveryKindOfScheduler
  void pingPongOfTwoRuns(Scheduler scheduler) throws Exception {
    // two runs that wake each other lose no wake-up, whichever of them falls asleep
    int turns = Rounds.of(5_000, 100_000);
    AtomicInteger next = new AtomicInteger();
    List<Computation<Object>> baton =
        Stream.generate(Computation<Object>::new).limit(2L * turns + 1).toList();
    List<Task<Boolean>> runs =
        Stream.of(0, 1)
            .map(
                side ->
                    Task.start(
                        () ->
                            scheduler.call(
                                () -> {
                                  for (int i = side; i < 2 * turns; i += 2) {
                                    baton.get(i).join();
                                    next.incrementAndGet();
                                    baton.get(i + 1).tryReturn(null);
                                  }
                                  return true;
                                })))
            .toList();
    baton.get(0).tryReturn(null);
    for (Task<Boolean> run : runs) {
      assertThat(run.result()).isTrue();
    }
    assertThat(next).hasValue(2 * turns);
  }
}
