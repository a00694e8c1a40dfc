package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.Semaphore;
import dev.picos.tests.Alone;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.Rounds;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;

/** What waits that were canceled leave behind, whatever they waited for. */
class WaitSpaceTest {
  private static final int MANY = Rounds.of(300, 20_000);
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");

  /** Something to wait for that does not come. */
  private record Wait(Object primitive, Runnable begin) {}

  private static List<Wait> waits() {
    Mutex mutex = Mutex.unchecked();
    mutex.lock();
    Semaphore semaphore = new Semaphore(0);
    PoisonLock lock = new PoisonLock();
    lock.lock();
    PoisonRwLock rwLock = new PoisonRwLock();
    rwLock.lock();
    PoisonSemaphore poisonSemaphore = new PoisonSemaphore(0);
    AwaitableInt awaitable = new AwaitableInt(0);
    List<Wait> waits = new ArrayList<>();
    waits.add(new Wait(mutex, mutex::lock));
    waits.add(new Wait(mutex, () -> mutex.tryLock(LONG)));
    waits.add(new Wait(mutex, () -> mutex.lockEvent().sync()));
    waits.add(new Wait(semaphore, semaphore::acquire));
    waits.add(new Wait(semaphore, () -> semaphore.acquireEvent().sync()));
    waits.add(new Wait(lock, lock::lock));
    waits.add(new Wait(rwLock, rwLock::lock));
    waits.add(new Wait(rwLock, rwLock::lockShared));
    waits.add(new Wait(poisonSemaphore, poisonSemaphore::acquire));
    waits.add(new Wait(awaitable, () -> awaitable.await(0)));
    for (Side side : Side.all()) {
      waits.add(new Wait(side.condition(), () -> holding(side, side::await)));
      waits.add(
          new Wait(
              side.condition(), () -> holding(side, () -> side.condition().awaitEvent().sync())));
    }
    return waits;
  }

  private static void holding(Side side, Runnable body) {
    side.acquire();
    try {
      body.run();
    } finally {
      side.release();
    }
  }

  @Alone
  @OnEveryKindOfScheduler
  void canceledTogether_leaveNothingBesideOneThatWaits(Scheduler scheduler) {
    // where very many are canceled at once beside one that goes on waiting, no more of them are
    // kept than there are others, and eight, though nobody comes later to clean up
    scheduler.run(
        () -> {
          for (Wait each : waits()) {
            int before = waiters();
            Computation<Object> lives = new Computation<>();
            Latch end = start(1, lives, each);
            Computation<Object> canceled = new Computation<>();
            Latch canceledEnd = start(MANY, canceled, each);
            Waiting.until(each.primitive, MANY + 1);
            canceled.tryCancel(reason);
            canceledEnd.await();
            while (waiters() - before > 2 + 8) { // or else JUnit's timeout ends this
              Fiber.yield(); // the last fibers are about to leave
            }
            assertThat(Waiting.of(each.primitive)).isPositive();
            lives.tryCancel(reason);
            end.await();
          }
        });
  }

  private Latch start(int count, Computation<Object> computation, Wait each) {
    Latch end = new Latch(count);
    for (int i = 0; i < count; i++) {
      Fiber.spawn(
          new Fiber(computation),
          fiber -> {
            try {
              each.begin.run();
            } catch (CancellationException thrown) {
              assertThat(thrown).isSameAs(reason);
            } finally {
              end.decr();
            }
          });
    }
    return end;
  }

  /** How many who wait are reachable, in the whole virtual machine. */
  private static int waiters() {
    String histogram;
    try {
      histogram =
          (String)
              ManagementFactory.getPlatformMBeanServer()
                  .invoke(
                      new ObjectName("com.sun.management:type=DiagnosticCommand"),
                      "gcClassHistogram",
                      new Object[] {new String[] {}},
                      new String[] {String[].class.getName()});
    } catch (JMException e) {
      throw new AssertionError(e);
    }
    return Stream.of("internal.Waiter", "awaitable.Expectation", "sync.OfferWaiter")
        .mapToInt(name -> countIn(histogram, " dev.picos.std." + name))
        .sum();
  }

  private static int countIn(String histogram, String name) {
    // num: #instances #bytes class
    return histogram
        .lines()
        .filter(line -> (line.strip() + " ").contains(name + " "))
        .mapToInt(line -> Integer.parseInt(line.strip().split(" +")[1]))
        .sum();
  }
}
