package dev.picos.tests.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Mutex;
import dev.picos.tests.OnEveryScheduler;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A barber cuts hair, and sleeps while there is no customer. A customer waits on a chair while the
 * barber is busy, and goes away when all chairs are taken.
 */
class SleepingBarberTest {
  /** A shop with some chairs to wait on, one barber, and any number of customers. */
  static final class Shop {
    private final Mutex mutex = new Mutex();
    private final Condition customerCame = mutex.newCondition();
    private final Queue<Ivar<String>> chairs = new ArrayDeque<>();
    private final int capacity;

    Shop(int capacity) {
      this.capacity = capacity;
    }

    /** Returns whether the customer has got a haircut; if not, there was no free chair. */
    boolean visit() {
      Ivar<String> haircut = new Ivar<>();
      boolean seated =
          mutex.callLocked(
              () -> {
                if (chairs.size() == capacity) {
                  return false;
                }
                chairs.add(haircut);
                customerCame.signal();
                return true;
              });
      if (seated) {
        haircut.read();
      }
      return seated;
    }

    /** What the barber does until canceled. */
    void work(Runnable scissors) {
      for (; ; ) {
        Ivar<String> customer = mutex.callLocked(this::nextCustomer);
        scissors.run();
        customer.fill("done");
      }
    }

    private Ivar<String> nextCustomer() {
      while (chairs.isEmpty()) {
        customerCame.await();
      }
      return chairs.remove();
    }
  }

  @OnEveryScheduler
  void everyCustomerIsServedOrTurnedAway(Scheduler scheduler) {
    // whoever gets a chair gets a haircut, and there is one at a time
    int customers = 100;
    Shop shop = new Shop(3);
    AtomicInteger haircuts = new AtomicInteger();
    AtomicInteger served = new AtomicInteger();
    AtomicInteger turnedAway = new AtomicInteger();
    AtomicInteger busy = new AtomicInteger();
    scheduler.run(
        () ->
            Flock.run(
                OnReturn.TERMINATE, // when the customers have gone, so does the barber
                () -> {
                  Flock.fork(
                      () ->
                          shop.work(
                              () -> {
                                assertThat(busy.incrementAndGet()).isOne();
                                Fiber.yield();
                                busy.decrementAndGet();
                                haircuts.incrementAndGet();
                              }));
                  Run.all(
                      Collections.nCopies(
                          customers, () -> (shop.visit() ? served : turnedAway).incrementAndGet()));
                }));

    assertThat(served.get() + turnedAway.get()).isEqualTo(customers);
    assertThat(haircuts).hasValue(served.get());
    assertThat(served).hasPositiveValue();
  }

  @OnEveryScheduler
  void fullShop(Scheduler scheduler) {
    // who comes when every chair is taken is turned away at once; when the barber comes, all others
    // are served
    Shop shop = new Shop(2);
    scheduler.run(
        () ->
            Flock.run(
                OnReturn.TERMINATE,
                () -> {
                  var first = Flock.forkAsPromise(shop::visit);
                  var second = Flock.forkAsPromise(shop::visit);
                  while (shop.mutex.callLocked(shop.chairs::size) < 2) {
                    Fiber.yield();
                  }
                  assertThat(shop.visit()).isFalse();
                  Flock.fork(() -> shop.work(() -> {}));
                  assertThat(first.await()).isTrue();
                  assertThat(second.await()).isTrue();
                  assertThat(shop.visit()).isTrue();
                }));
  }
}
