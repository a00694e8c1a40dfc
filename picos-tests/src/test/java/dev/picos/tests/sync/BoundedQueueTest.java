package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonSemaphore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BoundedQueueTest {
  /** A queue with room for so many: who adds waits for room, and who takes for an item. */
  private static final class BoundedQueue<T> {
    private final PoisonLock lock = new PoisonLock();
    private final ArrayDeque<T> items = new ArrayDeque<>();
    private final PoisonSemaphore room;
    private final PoisonSemaphore filled = new PoisonSemaphore(0);

    BoundedQueue(int capacity) {
      room = new PoisonSemaphore(capacity);
    }

    void push(T item) {
      room.acquire();
      lock.runOrPoison(() -> items.add(item));
      filled.release();
    }

    T pop() {
      filled.acquire();
      T item = lock.callOrPoison(() -> items.remove());
      room.release();
      return item;
    }
  }

  @Test
  void orderOnFifo() {
    // On fifo fibers wait for each other at a queue in this order and no other
    List<String> log = new ArrayList<>();
    BoundedQueue<Integer> queue = new BoundedQueue<>(3);
    FifoScheduler.create()
        .run(
            () -> {
              Flock.run(
                  OnReturn.TERMINATE,
                  () -> {
                    Flock.fork(
                        () -> {
                          for (; ; ) {
                            log.add("Popped " + queue.pop());
                          }
                        });
                    for (int item = 1; item <= 5; item++) {
                      log.add("Pushing " + item);
                      queue.push(item);
                    }
                    log.add("All done?");
                    Fiber.yield();
                  });
              log.add("Pushing 101");
              queue.push(101);
              log.add("Popped " + queue.pop());
            });
    assertThat(log)
        .containsExactly(
            "Pushing 1",
            "Pushing 2",
            "Pushing 3",
            "Pushing 4",
            "Popped 1",
            "Popped 2",
            "Popped 3",
            "Pushing 5",
            "All done?",
            "Popped 4",
            "Popped 5",
            "Pushing 101",
            "Popped 101");
  }
}
