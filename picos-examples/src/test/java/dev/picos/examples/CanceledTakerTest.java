package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Mutex;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A wait inside a lock, canceled at any moment. */
class CanceledTakerTest {
  // region take
  /** Goods that are taken as they are delivered. */
  static final class Stock {
    private final Mutex mutex = new Mutex();
    private final Condition delivered = mutex.newCondition();
    private int items;

    void take() {
      mutex.lock();
      try {
        while (items == 0) {
          delivered.await();
        }
        items--;
      } finally {
        mutex.unlock();
      }
    }

    void deliver() {
      mutex.lock();
      try {
        items++;
        delivered.signal();
      } finally {
        mutex.unlock();
      }
    }
  }

  // endregion

  @ParameterizedTest
  @EnumSource(SchedulerKind.class)
  void takerThatIsCanceledAtAnyMoment_leavesTheStockInOrder(SchedulerKind kind) {
    for (int i = 0; i < 200; i++) {
      int steps = i % 20;
      kind.create().run(() -> cancelOneOfTwo(new Stock(), steps));
    }
  }

  /**
   * Starts two takers, delivers one item, and cancels the first taker meanwhile. The other one gets
   * its item all the same, which it would not if a signal or the mutex were lost.
   */
  private static void cancelOneOfTwo(Stock stock, int steps) {
    CancellationException reason = new CancellationException("by the test");
    Computation<Object> life = new Computation<>();
    Computation<String> first = new Computation<>();
    Computation<String> second = new Computation<>();
    Fiber.spawn(new Fiber(life), fiber -> first.tryCapture(() -> takeFrom(stock)));
    Fiber.spawn(new Fiber(second), fiber -> second.tryCapture(() -> takeFrom(stock)));
    Fiber.spawn(new Fiber(new Computation<>()), fiber -> stock.deliver());
    for (int i = 0; i < steps; i++) {
      Fiber.yield();
    }
    life.tryCancel(reason);
    first.join();
    if (first.peek() instanceof Outcome.Returned<String>) {
      stock.deliver();
    } else {
      assertThat(first.cancelReason()).isSameAs(reason);
    }

    assertThat(second.await()).isEqualTo("taken");
    assertThat(stock.mutex.tryLock()).isTrue();
    assertThat(stock.items).isZero();
    assertThat(stock.delivered.toString()).contains("[0 waiting");
  }

  private static String takeFrom(Stock stock) {
    stock.take();
    return "taken";
  }
}
