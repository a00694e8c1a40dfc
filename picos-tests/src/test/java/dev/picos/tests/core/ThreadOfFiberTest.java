package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnlyCurrent;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** A fiber is a Java thread as well, a virtual one. */
class ThreadOfFiberTest {
  private static final ThreadLocal<String> THREAD_LOCAL = new ThreadLocal<>();
  private static final InheritableThreadLocal<String> INHERITABLE = new InheritableThreadLocal<>();

  private final List<Object> log = Collections.synchronizedList(new ArrayList<>());

  @OnEveryScheduler
  void fiber_isAVirtualThread(Scheduler scheduler) {
    // fibers run in virtual threads, main included, and the caller's thread runs none of them
    Thread caller = Thread.currentThread();

    scheduler.run(
        () -> {
          log.add(Thread.currentThread());
          log.add(Fibers.start(Thread::currentThread).await());
        });

    assertThat(log)
        .hasSize(2)
        .doesNotContain(caller)
        .allMatch(thread -> ((Thread) thread).isVirtual());
  }

  @OnEveryScheduler
  void thread_staysTheSame(Scheduler scheduler) {
    // for the length of its life a fiber has one thread, whatever it awaits
    List<Computation<Boolean>> fibers = new ArrayList<>();

    scheduler.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            fibers.add(
                Fibers.start(
                    () -> {
                      Thread thread = Thread.currentThread();
                      Fiber.yield();
                      Fibers.start(() -> 42).await();
                      Fiber.sleep(Duration.ofMillis(1));
                      return Thread.currentThread() == thread;
                    }));
          }
        });

    assertThat(fibers).hasSize(100).allMatch(Computation::await);
  }

  @OnEveryScheduler
  void threads_differBetweenLivingFibers(Scheduler scheduler) {
    // fibers that live at the same time have different threads
    Computation<Object> gate = new Computation<>();

    scheduler.run(
        () -> {
          List<Computation<Object>> fibers = new ArrayList<>();
          for (int i = 0; i < 100; i++) {
            fibers.add(
                Fibers.start(
                    () -> {
                      log.add(Thread.currentThread());
                      return gate.await();
                    }));
          }
          while (log.size() < 100) {
            Fiber.yield();
          }
          gate.tryReturn(null);
        });

    assertThat(log).hasSize(100).doesNotHaveDuplicates();
  }

  @OnEveryScheduler
  void threadLocals_stayWithTheirFiber(Scheduler scheduler) {
    // a fiber keeps its thread locals while it suspends
    List<Computation<Boolean>> fibers = new ArrayList<>();

    scheduler.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            String own = "fiber " + i;
            fibers.add(
                Fibers.start(
                    () -> {
                      THREAD_LOCAL.set(own);
                      Fiber.yield();
                      Fibers.start(() -> 42).await();
                      return THREAD_LOCAL.get().equals(own);
                    }));
          }
        });

    assertThat(fibers).hasSize(100).allMatch(Computation::await);
  }

  @OnEveryScheduler
  void thread_isAsNew(Scheduler scheduler) {
    // whatever a fiber does to its thread, the fibers that come after it see nothing of it
    List<Computation<String>> later = new ArrayList<>();
    ClassLoader loader = new URLClassLoader(new URL[0]);

    scheduler.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            Fibers.start(
                    () -> {
                      Thread thread = Thread.currentThread();
                      THREAD_LOCAL.set("left over");
                      INHERITABLE.set("left over");
                      thread.setName("left over");
                      thread.setContextClassLoader(loader);
                      thread.setUncaughtExceptionHandler((t, thrown) -> {});
                      thread.interrupt();
                      return null;
                    })
                .await();
            later.add(Fibers.start(() -> describe(loader)));
          }
        });

    assertThat(later)
        .hasSize(100)
        .allMatch(fiber -> fiber.await().equals("null null false false false"));
  }

  private static String describe(ClassLoader loader) {
    Thread thread = Thread.currentThread();
    return String.join(
        " ",
        THREAD_LOCAL.get(),
        INHERITABLE.get(),
        String.valueOf(thread.getName().equals("left over")),
        String.valueOf(thread.getContextClassLoader() == loader),
        String.valueOf(thread.isInterrupted()));
  }

  @OnEveryScheduler
  void inheritableThreadLocals_areNotInherited(Scheduler scheduler) {
    // a fiber inherits no thread locals, neither from who calls run nor from who spawns it
    INHERITABLE.set("of the caller");
    scheduler.run(
        () -> {
          log.add(String.valueOf(INHERITABLE.get()));
          INHERITABLE.set("of main");
          log.add(Fibers.start(() -> String.valueOf(INHERITABLE.get())).await());
        });
    INHERITABLE.remove();

    assertThat(log).containsExactly("null", "null");
  }

  @OnEveryScheduler
  void contextClassLoader_isTheCallers(Scheduler scheduler) {
    // every fiber has the context class loader of the thread that called run
    Thread caller = Thread.currentThread();
    ClassLoader before = caller.getContextClassLoader();
    ClassLoader loader = new URLClassLoader(new URL[0]);

    caller.setContextClassLoader(loader);
    try {
      scheduler.run(
          () -> {
            log.add(Thread.currentThread().getContextClassLoader());
            log.add(Fibers.start(() -> Thread.currentThread().getContextClassLoader()).await());
          });
    } finally {
      caller.setContextClassLoader(before);
    }

    assertThat(log).containsExactly(loader, loader);
  }

  @OnEveryScheduler
  void blockingCalls_suspendTheFiberAlone(Scheduler scheduler) throws Exception {
    // a fiber in a blocking call of the JDK does not keep others from running, and is woken by them
    LinkedBlockingQueue<String> queue = new LinkedBlockingQueue<>();
    CountDownLatch latch = new CountDownLatch(1);
    CompletableFuture<String> future = new CompletableFuture<>();

    scheduler.run(
        () -> {
          Computation<String> taker = Fibers.start(queue::take);
          Computation<String> getter = Fibers.start(future::get);
          Computation<Object> awaiter =
              Fibers.start(
                  () -> {
                    latch.await();
                    return "counted down";
                  });
          Computation<Object> sleeper =
              Fibers.start(
                  () -> {
                    Thread.sleep(5);
                    return "slept";
                  });
          Fiber.yield();
          queue.put("taken");
          latch.countDown();
          future.complete("got");
          log.addAll(List.of(taker.await(), getter.await(), awaiter.await(), sleeper.await()));
        });

    assertThat(log).containsExactly("taken", "got", "counted down", "slept");
  }

  @OnEveryScheduler
  void locks_belongToTheFiber(Scheduler scheduler) {
    // a lock of the JDK that is held across an await still belongs to the fiber, and excludes
    // others
    ReentrantLock lock = new ReentrantLock();
    int[] counter = {0};

    scheduler.run(
        () -> {
          for (int i = 0; i < 50; i++) {
            Fibers.start(
                () -> {
                  lock.lock();
                  try {
                    int before = counter[0];
                    Fiber.yield();
                    Fibers.start(() -> 42).await();
                    counter[0] = before + 1;
                    log.add(lock.isHeldByCurrentThread());
                    return null;
                  } finally {
                    lock.unlock();
                  }
                });
          }
        });

    assertThat(counter[0]).isEqualTo(50);
    assertThat(log).hasSize(50).containsOnly(true);
  }

  @OnEveryScheduler
  void strayUnparks_doNotEndAnAwait(Scheduler scheduler) throws Exception {
    // whoever unparks the thread of a suspended fiber wakes it for nothing
    AtomicReference<Thread> thread = new AtomicReference<>();
    Trigger trigger = new Trigger();
    Task<Boolean> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      thread.set(Thread.currentThread());
                      LockSupport.unpark(Thread.currentThread());
                      assertThat(trigger.await()).isNull();
                      return trigger.isSignaled();
                    }));
    Wait.until(() -> trigger.toString().equals("Trigger[awaiting]"));
    for (int i = 0; i < 100; i++) {
      LockSupport.unpark(thread.get());
    }
    Wait.until(() -> thread.get().getState() == Thread.State.WAITING);

    trigger.signal();

    assertThat(runner.result()).isTrue();
  }

  @OnEveryScheduler
  void strayUnparks_whileFibersSwitch(Scheduler scheduler) throws Exception {
    // fibers that are unparked at random all the time lose no wake-up and get none too many
    LinkedBlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
    Computation<Object> end = new Computation<>();
    Task<Object> strayer =
        Task.start(
            () -> {
              while (end.isRunning()) {
                LockSupport.unpark(threads.poll());
              }
              return null;
            });
    int[] sum = {0};

    scheduler.run(
        () -> {
          for (int i = 0; i < 1_000; i++) {
            threads.add(Thread.currentThread());
            sum[0] +=
                Fibers.start(
                        () -> {
                          threads.add(Thread.currentThread());
                          Fiber.yield();
                          return 1;
                        })
                    .await();
          }
        });
    end.tryReturn(null);

    assertThat(strayer.result()).isNull();
    assertThat(sum[0]).isEqualTo(1_000);
  }

  @OnEveryScheduler
  void childThread_isAFiberOfItsOwn(Scheduler scheduler) throws Exception {
    // A virtual thread that a fiber starts is another fiber
    scheduler.run(
        () -> {
          CompletableFuture<Fiber> child = new CompletableFuture<>();
          Thread.startVirtualThread(() -> child.complete(Fiber.current()));
          log.add(child.get() == Fiber.current());
        });

    assertThat(log).containsExactly(false);
  }

  @OnEveryScheduler
  void childThread_outlivesTheRun(Scheduler scheduler) throws Exception {
    // A virtual thread that a fiber starts goes on when the run has ended, unless it is adopted
    assumeFalse(scheduler instanceof RandosScheduler);
    Trigger release = new Trigger();
    CompletableFuture<String> child = new CompletableFuture<>();

    scheduler.run(
        () ->
            Thread.startVirtualThread(
                () -> {
                  LockSupport.parkNanos(1_000_000);
                  child.complete(release.await() == null ? "went on" : "canceled");
                }));
    release.signal();

    assertThat(child.get()).isEqualTo("went on");
  }

  @OnEveryScheduler
  void childThread_mayUseEveryOperation(Scheduler scheduler) throws Exception {
    // Such a thread awaits, spawns, sleeps and yields like any fiber
    scheduler.run(
        () -> {
          CompletableFuture<Integer> child = new CompletableFuture<>();
          Thread.startVirtualThread(
              () -> {
                Fiber.yield();
                Fiber.sleep(Duration.ofMillis(1));
                child.complete(Fibers.start(() -> 42).await());
              });
          log.add(child.get());
        });

    assertThat(log).containsExactly(42);
  }

  @OnEveryScheduler
  void boundHandler_holdsInItsFiberAlone(Scheduler scheduler) throws Exception {
    // a handler bound in a fiber that blocks meanwhile is not seen by other fibers, and is unbound
    Fiber bound = new Fiber(new Computation<>());
    CountDownLatch isBound = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);

    scheduler.run(
        () -> {
          Computation<Object> binder =
              Fibers.start(
                  () -> {
                    Fiber self = Fiber.current();
                    Handler.using(
                        new OnlyCurrent(bound),
                        () -> {
                          isBound.countDown();
                          release.await();
                          log.add(Fiber.current() == bound);
                        });
                    return Fiber.current() == self;
                  });
          isBound.await();
          Fiber other = Fibers.start(Fiber::current).await();
          release.countDown();
          log.add(other != bound);
          log.add(binder.await());
        });

    assertThat(log).containsExactlyInAnyOrder(true, true, true);
  }
}
