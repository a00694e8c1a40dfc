package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The threads of fibers, and what the JDK does to them. */
class HostTest {
  private static final boolean MONITORS_RELEASE_CARRIERS = Runtime.version().feature() >= 24;

  private final List<String> log = Collections.synchronizedList(new ArrayList<>());

  private static Thread threadOf(Computation<Thread> computation) {
    return computation.await();
  }

  /** Runs each body in a fiber, one after another on one thread, as far as they do not suspend. */
  private static void inTurn(List<? extends Runnable> bodies) {
    QueueScheduler.create()
        .run(
            () -> {
              List<Computation<Boolean>> ends = new ArrayList<>();
              bodies.forEach(body -> ends.add(Fibers.startBlock(body::run)));
              ends.forEach(Computation::await);
            });
  }

  // Which thread a fiber has

  @Test
  void fiber_hasAVirtualThreadOfItsOwnWhileItLives() {
    // a fiber is one virtual thread, the same after every operation, and no other living fiber's
    List<Thread> threads = new ArrayList<>();
    Set<Thread> distinct = ConcurrentHashMap.newKeySet();

    QueueScheduler.create()
        .run(
            () -> {
              List<Computation<Boolean>> ends = new ArrayList<>();
              for (int i = 0; i < 10; i++) {
                ends.add(
                    Fibers.startBlock(
                        () -> {
                          Thread before = Thread.currentThread();
                          distinct.add(before);
                          for (int j = 0; j < 5; j++) {
                            Fiber.yield();
                            threads.add(before == Thread.currentThread() ? before : null);
                          }
                        }));
              }
              ends.forEach(Computation::await);
            });

    assertThat(distinct).hasSize(10).allMatch(Thread::isVirtual);
    assertThat(threads).hasSize(50).doesNotContainNull();
  }

  @Test
  void fibers_oneAfterAnotherShareAThread() {
    // a fiber that ends without having suspended costs no thread
    Set<Thread> threads = new HashSet<>();

    inTurn(Collections.nCopies(1_000, () -> threads.add(Thread.currentThread())));

    assertThat(threads).hasSize(1);
  }

  @Test
  void threads_areUsedAgainByLaterRuns() {
    // threads belong to the pool: run after run gets along with those that are there
    Set<Thread> threads = new HashSet<>();

    for (int i = 0; i < 200; i++) {
      QueueScheduler.create().run(() -> threads.add(Thread.currentThread()));
    }

    assertThat(threads).hasSizeLessThan(200);
  }

  @Test
  void manyFibersAtOnce_leaveFewThreadsWaiting() {
    // of 5,000 fibers that were suspended at once, 1024 threads wait for the next, and the rest
    // ends
    Set<Thread> threads = new HashSet<>();

    QueueScheduler.create()
        .run(
            () -> {
              Computation<Boolean> gate = new Computation<>();
              for (int i = 0; i < 5_000; i++) {
                Fibers.startBare(
                    () -> {
                      threads.add(Thread.currentThread());
                      gate.join();
                    });
              }
              Fiber.yield();
              gate.tryReturn(true);
            });

    assertThat(threads).hasSize(5_000);
    Wait.until(() -> threads.stream().filter(Thread::isAlive).count() <= 1_024);
    assertThat(threads.stream().filter(Thread::isAlive).count()).isPositive();
  }

  @Test
  void freshThreads_giveEachFiberItsOwn() {
    // with fresh threads no thread is ever that of two fibers, not even of fibers of earlier runs,
    // and each ends with its fiber
    Set<Thread> earlier = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      inTurn(Collections.nCopies(5, () -> earlier.add(Thread.currentThread())));
    }
    List<Thread> threads = new ArrayList<>();

    for (int i = 0; i < 20; i++) {
      QueueScheduler.withFreshThreads()
          .run(
              () -> {
                threads.add(Thread.currentThread());
                List<Computation<Boolean>> ends = new ArrayList<>();
                for (int j = 0; j < 20; j++) {
                  ends.add(Fibers.startBlock(() -> threads.add(Thread.currentThread())));
                }
                ends.forEach(Computation::await);
              });
    }

    assertThat(new HashSet<>(threads)).hasSize(420);
    assertThat(Collections.disjoint(threads, earlier)).isTrue();
    Wait.until(() -> threads.stream().noneMatch(Thread::isAlive));
  }

  // What fibers leave behind

  /** What a fiber sees of its thread that an earlier one may have changed. */
  private record Traces(
      @Nullable String local,
      @Nullable String inheritable,
      boolean interrupted,
      String name,
      @Nullable ClassLoader loader,
      Thread.UncaughtExceptionHandler handler) {}

  private static final ThreadLocal<String> LOCAL = new ThreadLocal<>();
  private static final InheritableThreadLocal<String> INHERITABLE = new InheritableThreadLocal<>();

  private static Traces traces() {
    Thread thread = Thread.currentThread();
    return new Traces(
        LOCAL.get(),
        INHERITABLE.get(),
        thread.isInterrupted(),
        thread.getName(),
        thread.getContextClassLoader(),
        thread.getUncaughtExceptionHandler());
  }

  private static void leaveTraces() {
    Thread thread = Thread.currentThread();
    LOCAL.set("local");
    INHERITABLE.set("inheritable");
    thread.setName("name");
    thread.setContextClassLoader(new ClassLoader() {});
    thread.setUncaughtExceptionHandler((t, e) -> {});
    thread.interrupt();
  }

  @Test
  void fiber_findsItsThreadAsNew() {
    // thread locals, interrupt status, name, class loader and handler of an earlier fiber are gone
    // when the next one starts on its thread
    List<Thread> threads = new ArrayList<>();
    List<Traces> seen = new ArrayList<>();
    Runnable body =
        () -> {
          threads.add(Thread.currentThread());
          seen.add(traces());
          leaveTraces();
        };

    inTurn(List.of(body, body, body));

    assertThat(new HashSet<>(threads)).hasSize(1);
    assertThat(seen).hasSize(3).containsOnly(seen.get(0));
    assertThat(seen.get(0).local).isNull();
    assertThat(seen.get(0).inheritable).isNull();
    assertThat(seen.get(0).interrupted).isFalse();
    assertThat(seen.get(0).name).isEmpty();
    assertThat(seen.get(0).loader).isSameAs(Thread.currentThread().getContextClassLoader());
  }

  @Test
  void fiberThatThrows_leavesNothingEither() {
    // a fiber that ends with a fatal error leaves its thread as clean as any other
    Set<Thread> threads = new HashSet<>();
    Set<Traces> seen = new HashSet<>();

    for (int i = 0; i < 100; i++) {
      assertThatCode(
              () ->
                  QueueScheduler.create()
                      .run(
                          new Fiber(new Computation<>()),
                          fiber -> {
                            threads.add(Thread.currentThread());
                            seen.add(traces());
                            leaveTraces();
                            throw new IllegalStateException();
                          }))
          .isInstanceOf(FatalFiberError.class);
    }

    assertThat(threads).hasSizeLessThan(100);
    assertThat(seen).hasSize(1);
  }

  @Test
  void suspendedFiber_keepsWhatIsItsOwn() {
    // what a fiber has set on its thread is there after it was suspended, whoever ran meanwhile
    List<Traces> seen = new ArrayList<>();
    List<Traces> after = new ArrayList<>();
    Runnable body =
        () -> {
          leaveTraces();
          seen.add(traces());
          Fiber.yield();
          after.add(traces());
        };

    inTurn(List.of(body, body));

    assertThat(after).containsExactlyElementsOf(seen);
    assertThat(after.get(0).local).isEqualTo("local");
    assertThat(after.get(0).interrupted).isTrue();
    assertThat(after.get(0).handler).isNotSameAs(after.get(1).handler.getClass());
  }

  @Test
  void unparkOfAFiberThatEnds_doesNotReachTheNextFiber() {
    // the permit that an unpark leaves is gone with its fiber: the next one on the thread parks
    List<Thread> threads = new ArrayList<>();
    QueueScheduler.create()
        .run(
            () -> {
              Fibers.startBlock(
                      () -> {
                        threads.add(Thread.currentThread());
                        LockSupport.unpark(Thread.currentThread());
                      })
                  .await();
              Computation<Boolean> parked =
                  Fibers.startBlock(
                      () -> {
                        threads.add(Thread.currentThread());
                        LockSupport.park();
                        log.add("unparked");
                      });
              Fiber.yield();
              log.add("other");
              LockSupport.unpark(threads.getLast());
              parked.await();
            });

    assertThat(threads.getFirst()).isSameAs(threads.getLast());
    assertThat(log).containsExactly("other", "unparked");
  }

  @Test
  void interruptOfAThreadThatWaits_doesNotReachTheNextFiber() {
    // an interrupt for a fiber that has ended long ago is nobody's
    Set<Thread> threads = new HashSet<>();
    AtomicInteger again = new AtomicInteger();
    AtomicInteger interrupted = new AtomicInteger();

    for (int i = 0; i < 200; i++) {
      QueueScheduler.create()
          .run(
              () -> {
                again.addAndGet(threads.add(Thread.currentThread()) ? 0 : 1);
                interrupted.addAndGet(Thread.interrupted() ? 1 : 0);
              });
      threads.forEach(Thread::interrupt);
    }

    assertThat(again.get()).isPositive();
    assertThat(interrupted).hasValue(0);
  }

  @Test
  void unparkOfAThreadThatWaits_startsNothing() {
    // unparking the threads of fibers that have ended does nothing to them
    Set<Thread> threads = new HashSet<>();
    AtomicInteger ran = new AtomicInteger();

    for (int i = 0; i < 200; i++) {
      QueueScheduler.create()
          .run(
              () -> {
                threads.add(Thread.currentThread());
                ran.incrementAndGet();
                Fiber.yield();
              });
      threads.forEach(LockSupport::unpark);
    }

    assertThat(ran).hasValue(200);
    assertThat(threads).hasSizeLessThan(200);
  }

  @Test
  void contextClassLoader_isThatOfWhoCallsRun() {
    // fibers have the class loader of the caller of run, also where another thread made the
    // execution
    ClassLoader mine = Thread.currentThread().getContextClassLoader();
    ClassLoader other = new ClassLoader() {};
    Execution execution = new Execution(new QueuePolicy());
    List<ClassLoader> seen = new ArrayList<>();
    Fiber fiber = new Fiber(new Computation<>());

    Thread.currentThread().setContextClassLoader(other);
    try {
      execution.run(
          fiber,
          self -> {
            seen.add(Thread.currentThread().getContextClassLoader());
            Fibers.startBare(() -> seen.add(Thread.currentThread().getContextClassLoader()));
          });
    } finally {
      Thread.currentThread().setContextClassLoader(mine);
    }

    assertThat(seen).containsExactly(other, other);
  }

  @Test
  void inheritableThreadLocals_areNotInherited() {
    // a fiber inherits thread locals neither from who calls run nor from who spawns it
    List<String> seen = new ArrayList<>();
    INHERITABLE.set("of the caller");
    try {
      QueueScheduler.create()
          .run(
              () -> {
                seen.add(INHERITABLE.get());
                INHERITABLE.set("of the parent");
                Fibers.startBlock(() -> seen.add(INHERITABLE.get())).await();
                seen.add(INHERITABLE.get());
              });
    } finally {
      INHERITABLE.remove();
    }

    assertThat(seen).containsExactly(null, null, "of the parent");
  }

  private static WeakReference<Object> runWithGarbage() {
    Object garbage = new byte[1_000];
    WeakReference<Object> reference = new WeakReference<>(garbage);
    QueueScheduler.create()
        .run(
            () -> {
              List<Computation<Boolean>> ends = new ArrayList<>();
              for (int i = 0; i < 5; i++) {
                ends.add(
                    Fibers.startBlock(
                        () -> {
                          LOCAL.set(garbage.toString());
                          Fiber.yield();
                          assertThat(garbage).isNotNull();
                        }));
              }
              ends.forEach(Computation::await);
            });
    return reference;
  }

  @Test
  void threadsThatWait_holdNothingOfEndedFibers() {
    // the bodies of fibers that have ended can be collected, although their threads wait for others
    WeakReference<Object> reference = runWithGarbage();

    Wait.untilCollected(reference);

    assertThat(reference.get()).isNull();
  }

  private static WeakReference<ClassLoader> runWithLoader() throws Exception {
    ClassLoader loader = new ClassLoader() {};
    Task<Boolean> caller =
        Task.start(
            () -> {
              Thread.currentThread().setContextClassLoader(loader);
              inTurn(Collections.nCopies(5, Fiber::yield));
            });
    assertThat(caller.result()).isTrue();
    return new WeakReference<>(loader);
  }

  @Test
  void threadsThatWait_doNotHoldTheLoaderOfARun() throws Exception {
    // the context class loader of a run can be collected, although its threads wait for other runs
    WeakReference<ClassLoader> reference = runWithLoader();

    Wait.untilCollected(reference);

    assertThat(reference.get()).isNull();
  }

  /** Runs fibers with a scoped value, which is a preview before JDK 25. */
  private static WeakReference<Object> runWithScopedValue() {
    Object value = new byte[1_000];
    WeakReference<Object> reference = new WeakReference<>(value);
    inTurn(
        Collections.nCopies(
            5,
            () -> {
              try {
                Class<?> type = Class.forName("java.lang.ScopedValue");
                Object key = type.getMethod("newInstance").invoke(null);
                Object carrier =
                    type.getMethod("where", type, Object.class).invoke(null, key, value);
                Runnable body =
                    () -> {
                      Fiber.yield();
                      assertThat(valueOf(type, key)).isSameAs(value);
                    };
                carrier.getClass().getMethod("run", Runnable.class).invoke(carrier, body);
              } catch (ReflectiveOperationException e) {
                throw new AssertionError(e);
              }
            }));
    return reference;
  }

  private static Object valueOf(Class<?> type, Object key) {
    try {
      return type.getMethod("get").invoke(key);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void threadsThatWait_holdNoScopedValues() {
    WeakReference<Object> reference = runWithScopedValue();

    Wait.untilCollected(reference);

    assertThat(reference.get()).isNull();
  }

  // What only the end of a thread closes. StructuredTaskScope is a preview, up to JDK 25 at least,
  // and is not the same in all of them.

  private static Object openScope() throws ReflectiveOperationException {
    Class<?> type = Class.forName("java.util.concurrent.StructuredTaskScope");
    return Runtime.version().feature() >= 25
        ? type.getMethod("open").invoke(null)
        : type.getConstructor().newInstance();
  }

  private static void leaveScope(List<Object> open, CountDownLatch latch) {
    try {
      Object scope = openScope();
      Class.forName("java.util.concurrent.StructuredTaskScope")
          .getMethod("fork", Callable.class)
          .invoke(
              scope,
              (Callable<Boolean>)
                  () -> {
                    latch.await();
                    return true;
                  });
      open.add(openScopes());
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  private static @Nullable Object openScopes() throws ReflectiveOperationException {
    Field scopes = Thread.class.getDeclaredField("headStackableScopes");
    scopes.setAccessible(true);
    return scopes.get(Thread.currentThread());
  }

  @Test
  void scopeThatIsLeftOpen_isClosedByTheJdkAndNotLeftToTheNextFiber() throws Exception {
    List<Object> open = new ArrayList<>();
    List<Object> found = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    CountDownLatch latch = new CountDownLatch(1);
    Runnable leaves =
        () -> {
          threads.add(Thread.currentThread());
          leaveScope(open, latch);
        };
    Runnable looks =
        () -> {
          try {
            found.add(openScopes() == null);
          } catch (ReflectiveOperationException e) {
            found.add(e);
          }
        };

    inTurn(List.of(leaves, looks, leaves, Fiber::yield, looks));
    inTurn(Collections.nCopies(10, looks));

    assertThat(open).hasSize(2).doesNotContainNull();
    assertThat(found).hasSize(12).containsOnly(true);
    assertThat(threads).hasSize(2).allMatch(Thread::isAlive);
    latch.countDown();
    for (Thread each : threads) {
      each.join();
    }
  }

  // Blocking

  @Test
  void reentrantLock_parksTheFiberAndNotTheDomain() {
    // a fiber that waits for a JDK lock lets others run, among them the owner
    ReentrantLock lock = new ReentrantLock();

    QueueScheduler.create()
        .run(
            () -> {
              lock.lock();
              Computation<Boolean> waiter =
                  Fibers.startBlock(
                      () -> {
                        log.add("waits");
                        lock.lock();
                        log.add("has it");
                        lock.unlock();
                      });
              Computation<Boolean> another = Fibers.startBlock(() -> log.add("another runs"));
              another.await();
              log.add("unlocks");
              lock.unlock();
              waiter.await();
            });

    assertThat(log).containsExactly("waits", "another runs", "unlocks", "has it");
  }

  @Test
  void monitor_parksTheFiberAndNotTheDomain() {
    // the same for synchronized, held across an await, from JDK 24 on
    assumeTrue(MONITORS_RELEASE_CARRIERS);
    Object monitor = new Object();

    QueueScheduler.create()
        .run(
            () -> {
              Computation<Boolean> waiter;
              synchronized (monitor) {
                waiter =
                    Fibers.startBlock(
                        () -> {
                          log.add("waits");
                          synchronized (monitor) {
                            log.add("has it");
                          }
                        });
                Fibers.startBlock(() -> log.add("another runs")).await();
                log.add("owner: " + Thread.holdsLock(monitor));
              }
              waiter.await();
            });

    assertThat(log).containsExactly("waits", "another runs", "owner: true", "has it");
  }

  @Test
  void objectWait_parksTheFiberAndNotTheDomain() {
    // a fiber that waits for a notification lets the others run, one of which notifies it
    assumeTrue(MONITORS_RELEASE_CARRIERS);
    Object monitor = new Object();

    QueueScheduler.create()
        .run(
            () -> {
              AtomicBoolean notified = new AtomicBoolean();
              Computation<Boolean> waiter =
                  Fibers.startBlock(
                      () -> {
                        synchronized (monitor) {
                          while (!notified.get()) {
                            log.add("waits");
                            monitor.wait();
                          }
                        }
                        log.add("goes on");
                      });
              Fibers.startBlock(
                      () -> {
                        synchronized (monitor) {
                          log.add("notifies");
                          notified.set(true);
                          monitor.notifyAll();
                        }
                      })
                  .await();
              waiter.await();
            });

    assertThat(log).containsExactly("waits", "notifies", "goes on");
  }

  @Test
  void awaitInsideSynchronized_endsWhenSignaledFromOutside() throws Exception {
    // where a monitor keeps the domain, a signal from another thread still arrives
    Object monitor = new Object();
    Trigger trigger = new Trigger();
    Task<String> run =
        Task.start(
            () ->
                QueueScheduler.create()
                    .call(
                        () -> {
                          synchronized (monitor) {
                            return String.valueOf(trigger.await());
                          }
                        }));

    trigger.signal();

    assertThat(run.result()).isEqualTo("null");
  }

  /** Its initialisation awaits and yields, which pins a fiber also where synchronized does not. */
  private static final class Pinning {
    static final Trigger TRIGGER = new Trigger();
    static final CountDownLatch AWAITS = new CountDownLatch(1);

    private static final class Pin {
      static final Object RESULT = awaitAndYield();

      private static Object awaitAndYield() {
        AWAITS.countDown();
        boolean signaled = TRIGGER.await() == null;
        for (int i = 0; i < 10; i++) {
          Fiber.yield();
        }
        return signaled;
      }
    }
  }

  @Test
  void awaitAndYieldInAClassInitializer_areHarmless() throws Exception {
    // a fiber that cannot leave its carrier keeps the domain until it is signaled from outside,
    // goes on when it yields, and everything is as ever afterwards
    Task<Object> run =
        Task.start(
            () ->
                QueueScheduler.create()
                    .call(
                        () -> {
                          Computation<Boolean> another =
                              Fibers.startBlock(
                                  () -> {
                                    Fiber.yield();
                                    log.add("another");
                                  });
                          Object result = Pinning.Pin.RESULT;
                          another.await();
                          return result;
                        }));
    Pinning.AWAITS.await();

    Pinning.TRIGGER.signal();

    assertThat(run.result()).isEqualTo(true);
    assertThat(log).containsExactly("another");
  }

  @Test
  void yieldInsideSynchronized_isHarmless() {
    // a yield that cannot leave its carrier goes on, and nothing is mixed up afterwards
    Object monitor = new Object();
    AtomicInteger ran = new AtomicInteger();
    Runnable body =
        () -> {
          synchronized (monitor) {
            for (int i = 0; i < 100; i++) {
              Fiber.yield();
            }
          }
          Fiber.yield();
          ran.incrementAndGet();
        };

    inTurn(Collections.nCopies(20, body));

    assertThat(ran).hasValue(20);
  }

  @Test
  void sleep_parksTheFiberAndNotTheDomain() {
    // Thread.sleep takes at least its time, and others run meanwhile
    QueueScheduler.create()
        .run(
            () -> {
              Computation<Boolean> sleeper =
                  Fibers.startBlock(
                      () -> {
                        long start = System.nanoTime();
                        Thread.sleep(30);
                        log.add(System.nanoTime() - start >= 30_000_000 ? "slept" : "woke early");
                      });
              Fibers.startBlock(() -> log.add("another runs")).await();
              sleeper.await();
            });

    assertThat(log).containsExactly("another runs", "slept");
  }

  @Test
  void blockingQueues_connectFibers() throws Exception {
    // JDK queues, with and without room, carry 2,000 items between fibers of one domain
    for (BlockingQueue<Integer> queue :
        List.<BlockingQueue<Integer>>of(new ArrayBlockingQueue<>(3), new SynchronousQueue<>())) {
      List<Integer> taken = new ArrayList<>();

      QueueScheduler.create()
          .run(
              () -> {
                Computation<Boolean> taker =
                    Fibers.startBlock(
                        () -> {
                          for (int i = 0; i < 1_000; i++) {
                            taken.add(queue.take());
                          }
                        });
                for (int i = 0; i < 1_000; i++) {
                  queue.put(i);
                }
                taker.await();
              });

      assertThat(taken).isEqualTo(IntStream.range(0, 1_000).boxed().toList());
    }
  }

  @Test
  void sockets_parkTheFiberAndNotTheDomain() throws Exception {
    // three fibers talk over sockets on one domain, and a fourth runs while they all wait; whatever
    // threads the JDK needs for that are not in our queues
    Set<Fiber> ours = ConcurrentHashMap.newKeySet();
    Set<Fiber> queued = ConcurrentHashMap.newKeySet();
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public void ready(Ready fiber, boolean first) {
            queued.add(fiber.fiber());
            super.ready(fiber, first);
          }
        };
    AtomicInteger yields = new AtomicInteger();

    int sum =
        QueueScheduler.with(policy)
            .call(
                () -> {
                  ours.add(Fiber.current());
                  AtomicBoolean over = new AtomicBoolean();
                  try (ServerSocket server =
                      new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
                    Computation<Boolean> echo =
                        Fibers.startBlock(
                            () -> {
                              ours.add(Fiber.current());
                              for (int i = 0; i < 2; i++) {
                                Socket socket = server.accept();
                                Fibers.startBlock(
                                    () -> {
                                      ours.add(Fiber.current());
                                      try (socket) {
                                        InputStream in = socket.getInputStream();
                                        for (int b = in.read(); b >= 0; b = in.read()) {
                                          socket.getOutputStream().write(b + 1);
                                        }
                                      }
                                    });
                              }
                            });
                    Fibers.startBlock(
                        () -> {
                          ours.add(Fiber.current());
                          while (!over.get()) {
                            yields.incrementAndGet();
                            Fiber.yield();
                          }
                        });
                    int total = 0;
                    for (int i = 0; i < 2; i++) {
                      try (Socket socket =
                          new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort())) {
                        for (int b = 0; b < 100; b++) {
                          socket.getOutputStream().write(b);
                          total += socket.getInputStream().read();
                        }
                      }
                    }
                    over.set(true);
                    echo.await();
                    return total;
                  }
                });

    assertThat(sum).isEqualTo(2 * 5_050);
    assertThat(yields.get()).isPositive();
    assertThat(ours).containsAll(queued);
  }

  // Interrupts

  @Test
  void await_withInterruptStatus_parksAndKeepsIt() {
    // an interrupted fiber that awaits lets others run, one of which signals it, and is interrupted
    // afterwards
    List<Boolean> status = new ArrayList<>();

    QueueScheduler.create()
        .run(
            () -> {
              Trigger trigger = new Trigger();
              Fibers.startBlock(
                  () -> {
                    log.add("signals");
                    trigger.signal();
                  });
              Thread.currentThread().interrupt();
              status.add(trigger.await() == null);
              log.add("goes on");
              status.add(Thread.interrupted());
            });

    assertThat(log).containsExactly("signals", "goes on");
    assertThat(status).containsExactly(true, true);
  }

  @Test
  void interruptsDuringAnAwait_neitherEndItNorGetLost() throws Exception {
    // a suspended fiber that is interrupted any number of times stays suspended, its domain does
    // not spin, and the status is there afterwards
    Trigger trigger = new Trigger();
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    AtomicInteger slices = new AtomicInteger();
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public void ready(Ready fiber, boolean first) {
            slices.incrementAndGet();
            super.ready(fiber, first);
          }
        };
    Task<Boolean> run =
        Task.start(
            () ->
                QueueScheduler.with(policy)
                    .call(
                        () -> {
                          thread.complete(Thread.currentThread());
                          return trigger.await() == null && Thread.interrupted();
                        }));
    Wait.until(() -> thread.join().getState() == Thread.State.WAITING);

    for (int i = 0; i < 20; i++) {
      thread.join().interrupt();
      Wait.until(() -> thread.join().getState() == Thread.State.WAITING);
    }
    boolean early = run.isDone();
    trigger.signal();

    assertThat(early).isFalse();
    assertThat(run.result()).isTrue();
    assertThat(slices.get()).isLessThanOrEqualTo(22);
  }

  @Test
  void interrupt_endsAnInterruptibleJdkCall() {
    // Thread.sleep in a fiber throws InterruptedException when another fiber interrupts its thread
    QueueScheduler.create()
        .run(
            () -> {
              Computation<Thread> thread = new Computation<>();
              Computation<Boolean> sleeper =
                  Fibers.startBlock(
                      () -> {
                        thread.tryReturn(Thread.currentThread());
                        try {
                          Thread.sleep(60_000);
                        } catch (InterruptedException e) {
                          log.add("interrupted, status " + Thread.interrupted());
                        }
                      });
              threadOf(thread).interrupt();
              sleeper.await();
            });

    assertThat(log).containsExactly("interrupted, status false");
  }

  // Threads that fibers start

  @Test
  void childThread_outlivesTheRun() throws Exception {
    // A virtual thread that a fiber starts behaves as in any Java program: it is no
    // fiber of the run, sleeps, blocks, starts others, and lives on after the run
    CountDownLatch runIsOver = new CountDownLatch(1);
    CompletableFuture<Thread> grandchild = new CompletableFuture<>();
    List<Object> seen = Collections.synchronizedList(new ArrayList<>());
    ReentrantLock lock = new ReentrantLock();

    Thread child =
        QueueScheduler.create()
            .call(
                () -> {
                  Fiber parent = Fiber.current();
                  return Thread.ofVirtual()
                      .start(
                          () -> {
                            try {
                              seen.add(Fiber.current() != parent);
                              seen.add(Domain.current() == null);
                              runIsOver.await();
                              for (int i = 0; i < 10; i++) {
                                Thread.sleep(1);
                                Fiber.yield();
                              }
                              lock.lock();
                              lock.unlock();
                              grandchild.complete(
                                  Thread.ofVirtual().start(() -> seen.add("grandchild")));
                            } catch (InterruptedException e) {
                              seen.add(e);
                            }
                          });
                });
    runIsOver.countDown();
    child.join();
    grandchild.join().join();

    assertThat(seen).containsExactly(true, true, "grandchild");
  }

  @Test
  void executorOfVirtualThreads_worksInFibers() throws Exception {
    // a fiber may use, and wait for, the JDK's thread-per-task executor
    int sum =
        QueueScheduler.create()
            .call(
                () -> {
                  try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                    List<Future<Integer>> futures = new ArrayList<>();
                    for (int i = 0; i < 100; i++) {
                      int number = i;
                      futures.add(
                          executor.submit(
                              () -> {
                                Thread.sleep(1);
                                return number;
                              }));
                    }
                    int total = 0;
                    for (Future<Integer> future : futures) {
                      total += future.get();
                    }
                    return total;
                  }
                });

    assertThat(sum).isEqualTo(4_950);
  }

  @Test
  void childThread_awaitsAndSignalsAsAPlainThread() {
    // a thread that a fiber has started shares triggers and computations with fibers
    String answer =
        QueueScheduler.create()
            .call(
                () -> {
                  Computation<String> question = new Computation<>();
                  Computation<String> reply = new Computation<>();
                  Thread.ofVirtual().start(() -> reply.tryReturn(question.await() + "!"));
                  question.tryReturn("answer");
                  return reply.await();
                });

    assertThat(answer).isEqualTo("answer!");
  }

  // Slices that nobody asked for

  private static Host hostOf(Thread thread) {
    return (Host) VirtualThreads.get().schedulerOf(thread);
  }

  /**
   * The one slice that the JVM hands to a host, by reflection: what an odd execute() comes with.
   */
  private static Runnable sliceOf(Host host) {
    try {
      Field slice = Host.class.getDeclaredField("slice");
      slice.setAccessible(true);
      return (Runnable) slice.get(host);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  /** What the JVM does, in the end, in a thread that has looked at the stack of {@code host}'s. */
  private static void submitOddly(Host host) {
    Runnable slice = sliceOf(host);
    Task<Boolean> other = Task.start(() -> host.execute(slice));
    while (!other.isDone()) {
      Thread.onSpinWait(); // the caller may be the fiber that is to go on running meanwhile
    }
    try {
      other.result();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Complains about a fiber that is handed to it while it has that fiber already. */
  private static final class StrictPolicy extends QueuePolicy {
    final Set<Ready> inside = Collections.newSetFromMap(new IdentityHashMap<>());

    @Override
    public synchronized void ready(Ready fiber, boolean first) {
      if (!inside.add(fiber)) {
        throw new IllegalStateException("handed over twice");
      }
      super.ready(fiber, first);
    }

    @Override
    public synchronized @Nullable Ready next() {
      Ready next = super.next();
      if (next != null) {
        inside.remove(next);
      }
      return next;
    }
  }

  @Test
  void oddSlice_whileItsFiberRuns_isHarmless() throws Exception {
    // a slice that comes late, while the fiber runs already, changes nothing about it
    for (int i = 0; i < 2; i++) { // the first time, loading classes may suspend the fiber
      log.clear();
      Task<Boolean> run =
          Task.start(
              () ->
                  QueueScheduler.with(new StrictPolicy())
                      .run(
                          () -> {
                            Computation<Boolean> odd =
                                Fibers.startBlock(
                                    () -> {
                                      submitOddly(hostOf(Thread.currentThread()));
                                      log.add("odd");
                                    });
                            Fibers.startBlock(() -> log.add("next")).await();
                            odd.await();
                          }));
      run.result();
    }

    assertThat(log).containsExactly("odd", "next");
  }

  @Test
  void oddSlice_whileItsFiberRuns_waitsForTheEndOfTheSlice() {
    // until then the fiber is in no queue, from which another domain could take it
    QueueScheduler.create()
        .run(
            () -> {
              Host host = hostOf(Thread.currentThread());
              Execution execution = Objects.requireNonNull(host.seat).execution;
              submitOddly(host);
              log.add(execution.isEmpty(host.seat) ? "in no queue" : "in a queue");
            });

    assertThat(log).containsExactly("in no queue");
  }

  @Test
  void oddSlice_beforeAYield_queuesTheFiberOnce() throws Exception {
    // a fiber that has been queued by an odd slice and then yields is not queued twice: nothing
    // runs it when it has ended, and its thread runs later fibers
    Task<Boolean> run =
        Task.start(
            () ->
                QueueScheduler.with(new StrictPolicy())
                    .run(
                        () -> {
                          List<Computation<Boolean>> ends = new ArrayList<>();
                          ends.add(
                              Fibers.startBlock(
                                  () -> {
                                    submitOddly(hostOf(Thread.currentThread()));
                                    Fiber.yield();
                                    log.add("yielded");
                                  }));
                          ends.add(Fibers.startBlock(() -> log.add("meanwhile")));
                          ends.forEach(Computation::await);
                          Fiber.yield();
                          for (int i = 0; i < 3; i++) {
                            Fibers.startBlock(() -> log.add("later")).await();
                          }
                        }));

    run.result();

    assertThat(log).containsExactly("meanwhile", "yielded", "later", "later", "later");
  }

  @Test
  void oddSlice_ofAFiberThatEnds_leavesAFiberToLookAt() throws Exception {
    // a policy may look at the fiber of whatever it returns, also when that has ended meanwhile
    Task<Boolean> run =
        Task.start(
            () ->
                QueueScheduler.with(new StrictPolicy())
                    .run(
                        () -> {
                          Trigger trigger = new Trigger();
                          Computation<Boolean> suspended =
                              Fibers.startBlock(() -> assertThat(trigger.await()).isNull());
                          Fiber.yield();
                          Computation<Boolean> odd =
                              Fibers.startBlock(
                                  () -> {
                                    trigger.signal();
                                    submitOddly(hostOf(Thread.currentThread()));
                                  });
                          odd.await();
                          suspended.await();
                          Fiber.yield();
                          Fibers.startBlock(() -> log.add("later")).await();
                        }));

    run.result();

    assertThat(log).containsExactly("later");
  }

  @Test
  void oddSlice_ofAThreadThatWaitsOrHasEnded_isDropped() {
    // execute() never throws, whatever became of the fiber that the slice was for
    List<Host> hosts = new ArrayList<>();
    QueueScheduler.create().run(() -> hosts.add(hostOf(Thread.currentThread())));
    QueueScheduler.withFreshThreads().run(() -> hosts.add(hostOf(Thread.currentThread())));
    Wait.until(() -> !hosts.get(1).thread.isAlive());

    for (int i = 0; i < 3; i++) {
      hosts.forEach(HostTest::submitOddly);
    }

    AtomicInteger ran = new AtomicInteger();
    for (int i = 0; i < 50; i++) {
      QueueScheduler.create().run(ran::incrementAndGet);
    }
    assertThat(ran).hasValue(50);
  }

  /** Notes who is said to go first. */
  private static final class FirstPolicy extends QueuePolicy {
    final List<Fiber> first = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void ready(Ready fiber, boolean ahead) {
      if (ahead) {
        first.add(fiber.fiber());
      }
      super.ready(fiber, ahead);
    }
  }

  @Test
  void canceledFiber_isToGoFirst() {
    // a fiber that is resumed because it is canceled is said to go first; one that forbids it, one
    // that was signaled and one that spawns or yields is not
    FirstPolicy policy = new FirstPolicy();
    List<Fiber> canceled = new ArrayList<>();

    QueueScheduler.with(policy)
        .run(
            () -> {
              Computation<Boolean> victim = new Computation<>();
              Computation<Boolean> forbidding = new Computation<>();
              Trigger trigger = new Trigger();
              Fibers.startBlockUnder(
                  victim,
                  () -> {
                    canceled.add(Fiber.current());
                    assertThat(new Trigger().await()).isNotNull();
                  });
              Fibers.startBlockUnder(
                  forbidding,
                  () ->
                      Fiber.current()
                          .runForbiddingCancelation(() -> assertThat(trigger.await()).isNull()));
              Fiber.yield();
              victim.tryCancel(new IllegalStateException());
              forbidding.tryCancel(new IllegalStateException());
              trigger.signal();
            });

    assertThat(canceled).hasSize(1);
    assertThat(policy.first).isEqualTo(canceled);
  }

  @Test
  void canceledWhenReadyAlready_leavesNoPriorityBehind() {
    // A fiber that a stray unpark has made ready, and that is then canceled, keeps its place; and
    // neither it nor the next fiber on its thread is ever said to go first for that
    FirstPolicy policy = new FirstPolicy();

    QueueScheduler.with(policy)
        .run(
            () -> {
              AtomicReference<Thread> thread = new AtomicReference<>();
              AtomicInteger parks = new AtomicInteger();
              Computation<Boolean> victim = new Computation<>();
              Fibers.startBlockUnder(
                  victim,
                  () -> {
                    thread.set(Thread.currentThread());
                    assertThat(new Trigger().await()).isNotNull();
                    parks.incrementAndGet();
                    LockSupport.park();
                    parks.incrementAndGet();
                  });
              Fiber.yield();
              LockSupport.unpark(thread.get()); // by chance
              victim.tryCancel(new IllegalStateException());
              while (parks.get() < 2) {
                LockSupport.unpark(thread.get());
                Fiber.yield();
              }
              Fibers.startBlock(
                      () -> {
                        log.add(Thread.currentThread() == thread.get() ? "same thread" : "another");
                        LockSupport.unpark(Thread.currentThread());
                        LockSupport.park();
                        Fiber.yield();
                      })
                  .await();
            });

    assertThat(policy.first).isEmpty();
    assertThat(log).containsExactly("same thread");
  }

  // Torture

  /** Sees that only one fiber of a domain runs at a time, and counts what they do. */
  private static final class Witness {
    final AtomicInteger running = new AtomicInteger();
    final AtomicInteger together = new AtomicInteger();
    final AtomicInteger steps = new AtomicInteger();

    void step() {
      if (running.incrementAndGet() != 1) {
        together.incrementAndGet();
      }
      steps.incrementAndGet();
      running.decrementAndGet();
    }
  }

  /** Signals, from a plain thread, every trigger that it is given, after a little while. */
  private static final class Signaler implements AutoCloseable {
    final ConcurrentLinkedQueue<Trigger> triggers = new ConcurrentLinkedQueue<>();
    private volatile boolean over;
    private final Task<Boolean> task =
        Task.start(
            () -> {
              while (!over || !triggers.isEmpty()) {
                Trigger trigger = triggers.poll();
                if (trigger != null) {
                  trigger.signal();
                } else {
                  Thread.yield();
                }
              }
            });

    @Override
    public void close() {
      over = true;
      Wait.until(task::isDone);
    }
  }

  /** What a fiber of a torture does: yields, awaits, spawns, locks and parks, at random. */
  private static void torture(
      int seed, int steps, Witness witness, Signaler signaler, ReentrantLock lock) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < steps; i++) {
      witness.step();
      switch (random.nextInt(6)) {
        case 0, 1 -> Fiber.yield();
        case 2, 3 -> {
          Trigger trigger = new Trigger();
          signaler.triggers.add(trigger);
          if (trigger.await() != null || !trigger.isSignaled()) {
            witness.together.incrementAndGet();
          }
        }
        case 4 -> {
          lock.lock();
          try {
            Fiber.yield();
            witness.step();
          } finally {
            lock.unlock();
          }
        }
        default -> {
          AtomicBoolean ran = new AtomicBoolean();
          Computation<Boolean> child =
              Fibers.startBlock(
                  () -> {
                    witness.step();
                    ran.set(true);
                  });
          child.join();
          if (!ran.get()) {
            witness.together.incrementAndGet();
          }
        }
      }
    }
  }

  /** Lets {@code pest} do its work on the threads of fibers while those work. */
  private static Witness tortureWith(int fibers, int steps, Consumer<Thread> pest)
      throws Exception {
    Witness witness = new Witness();
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    AtomicBoolean over = new AtomicBoolean();
    Task<Boolean> pestering =
        Task.start(
            () -> {
              while (!over.get()) {
                for (Thread thread : threads) {
                  pest.accept(thread);
                }
                Thread.onSpinWait();
              }
            });
    try (Signaler signaler = new Signaler()) {
      ReentrantLock lock = new ReentrantLock();
      QueueScheduler.create()
          .run(
              () -> {
                List<Computation<Boolean>> ends = new ArrayList<>();
                for (int i = 0; i < fibers; i++) {
                  int seed = i;
                  ends.add(
                      Fibers.startBlock(
                          () -> {
                            threads.add(Thread.currentThread());
                            torture(seed, steps, witness, signaler, lock);
                          }));
                }
                ends.forEach(Computation::await);
              });
    } finally {
      over.set(true);
      pestering.result();
    }
    return witness;
  }

  @Test
  void strayUnparks_loseNothing() throws Exception {
    // while threads of fibers are unparked at random, no fiber is lost, none wakes without its
    // signal, and no two run at a time
    Witness witness = tortureWith(20, 1_500, LockSupport::unpark);

    assertThat(witness.steps.get()).isGreaterThanOrEqualTo(30_000);
    assertThat(witness.together).hasValue(0);
  }

  @Test
  void strayInterrupts_loseNothing() throws Exception {
    // the same while they are interrupted at random
    Witness witness = tortureWith(20, 1_500, Thread::interrupt);

    assertThat(witness.steps.get()).isGreaterThanOrEqualTo(30_000);
    assertThat(witness.together).hasValue(0);
  }

  @Test
  void looksAtStacks_loseNothing() throws Exception {
    // the same while somebody looks at their stacks, which suspends and resubmits them
    AtomicInteger looks = new AtomicInteger();
    Witness witness =
        tortureWith(
            20,
            1_500,
            thread -> {
              if (thread.getStackTrace().length > 0) {
                looks.incrementAndGet();
              }
            });

    assertThat(witness.steps.get()).isGreaterThanOrEqualTo(30_000);
    assertThat(witness.together).hasValue(0);
    assertThat(looks.get()).isPositive();
  }

  @Test
  void looksAtStacksFromFibers_loseNothing() {
    // fibers look at the stacks of their neighbours, suspended ones and ready ones, in turn
    AtomicInteger looks = new AtomicInteger();
    Set<Thread> threads = ConcurrentHashMap.newKeySet();

    inTurn(
        Collections.nCopies(
            20,
            () -> {
              threads.add(Thread.currentThread());
              for (int i = 0; i < 100; i++) {
                Fiber.yield();
                for (Thread thread : threads) {
                  if (thread.getStackTrace().length > 0) {
                    looks.incrementAndGet();
                  }
                }
              }
            }));

    assertThat(looks.get()).isPositive();
  }

  @Test
  void everythingAtOnce_losesNothing() throws Exception {
    // unparks, interrupts and looks at stacks together
    SplittableRandom random = new SplittableRandom(7);
    Witness witness =
        tortureWith(
            20,
            1_500,
            thread -> {
              switch (random.nextInt(3)) {
                case 0 -> LockSupport.unpark(thread);
                case 1 -> thread.interrupt();
                default -> thread.getStackTrace();
              }
            });

    assertThat(witness.steps.get()).isGreaterThanOrEqualTo(30_000);
    assertThat(witness.together).hasValue(0);
  }
}
