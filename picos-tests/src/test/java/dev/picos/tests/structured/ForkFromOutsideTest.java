package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Scheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Promise;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Children run where their scope runs, whoever forks them. */
class ForkFromOutsideTest {
  private final RuntimeException reason = new RuntimeException("reason");

  /** Not atomic: it counts right only where nothing runs in parallel. */
  private int counter;

  @OnEveryScheduler
  void childOfAnyCaller_isOfTheRunOfItsScope(Scheduler scheduler) throws Exception {
    // a child that a plain thread, a virtual thread or a fiber of another run forks is a fiber of
    // the run that the scope is in
    List<Promise<Boolean>> atHome = new ArrayList<>();

    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Handler home = Handler.ofCurrentThread();
                  Block<RuntimeException> fork =
                      () ->
                          atHome.add(
                              bundle.forkAsPromise(
                                  () -> Handler.ofCurrentThread().isOfSameRun(home)));
                  Task.start(Task.Kind.PLATFORM, () -> done(fork)).result();
                  Task.start(Task.Kind.VIRTUAL, () -> done(fork)).result();
                  Task.start(() -> scheduler.run(fork)).result();
                  MultiFifoScheduler.create().run(fork);
                  fork.run();
                  for (Promise<Boolean> each : atHome) {
                    assertThat(each.await()).isTrue();
                  }
                }));

    assertThat(atHome).hasSize(5);
  }

  private static boolean done(Block<RuntimeException> block) {
    block.run();
    return true;
  }

  @Test
  void counterWithoutLock_losesNothingOnOneDomain() throws Exception {
    // children that several threads fork take turns with each other and with the body
    FifoScheduler.create().run(() -> forkFromThreads(4, 2_500));

    assertThat(counter).isEqualTo(2 * 4 * 2_500);
  }

  @Test
  void counterWithoutLock_losesNothingWithAnySeed() throws Exception {
    // the same in any order
    for (long seed : Seeds.all().toArray()) {
      counter = 0;

      RandosScheduler.builder().seed(seed).build().run(() -> forkFromThreads(3, 50));

      assertThat(counter).as("seed %d", seed).isEqualTo(2 * 3 * 50);
    }
  }

  private void forkFromThreads(int threads, int forks) throws Exception {
    Bundle.run(
        bundle -> {
          List<Task<Boolean>> tasks = new ArrayList<>();
          for (int i = 0; i < threads; i++) {
            tasks.add(
                Task.start(
                    () -> {
                      for (int j = 0; j < forks; j++) {
                        bundle.fork(() -> counter++);
                      }
                      return true;
                    }));
          }
          for (int i = 0; i < threads * forks; i++) {
            counter++;
            Fiber.yield();
          }
          for (Task<Boolean> task : tasks) {
            assertThat(task.result()).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void childrenOfFibersOfAnotherRun_areWaitedForByTheirScopeAndNotByThatRun(Scheduler scheduler) {
    // a run of another scheduler ends although a child that its fiber has forked has not; the scope
    // does not
    AtomicInteger ended = new AtomicInteger();
    Computation<Boolean> release = new Computation<>();

    scheduler.run(
        () -> {
          Bundle.run(
              bundle -> {
                FifoScheduler.create()
                    .run(
                        () ->
                            bundle.fork(
                                () -> {
                                  release.await();
                                  ended.incrementAndGet();
                                }));
                assertThat(ended).hasValue(0);
                release.tryReturn(true);
              });
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void canceledCallerFromOutside_forksNothing(Scheduler scheduler) {
    // a fiber of another run that is canceled throws its reason from fork, and nothing is started
    AtomicInteger ran = new AtomicInteger();

    scheduler.run(
        () ->
            Bundle.run(
                bundle ->
                    FifoScheduler.create()
                        .run(
                            () -> {
                              Canceled.with(
                                  reason,
                                  () ->
                                      assertThatThrownBy(() -> bundle.fork(ran::incrementAndGet))
                                          .isSameAs(reason));
                              bundle.fork(ran::incrementAndGet);
                            })));

    assertThat(ran).hasValue(1);
  }
}
