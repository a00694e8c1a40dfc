package dev.picos.sched.randos;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.testing.fibers.Fibers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Exchanger;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Phaser;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** What five fibers do; the order in which they log it shows the schedule. */
enum Programs {
  YIELDS {
    @Override
    Step step() {
      return (fiber, round) -> Fiber.yield();
    }
  },
  TRIGGERS {
    @Override
    Step step() {
      List<Trigger> waiting = new ArrayList<>();
      return (fiber, round) -> {
        if (waiting.size() < FIBERS - 1 && fiber != 0) {
          Trigger trigger = new Trigger();
          waiting.add(trigger);
          Trigger other = waiting.get(0);
          if (other != trigger) {
            waiting.remove(other);
            other.signal();
          }
          trigger.signal();
          if (trigger.await() != null) {
            throw new IllegalStateException("canceled");
          }
        }
      };
    }
  },
  REENTRANT_LOCK {
    @Override
    Step step() {
      ReentrantLock lock = new ReentrantLock();
      return (fiber, round) -> {
        lock.lock();
        try {
          Fiber.yield();
        } finally {
          lock.unlock();
        }
      };
    }
  },
  CONDITION {
    @Override
    Step step() {
      ReentrantLock lock = new ReentrantLock();
      Condition changed = lock.newCondition();
      int[] round = new int[FIBERS];
      return (fiber, mine) -> {
        lock.lock();
        try {
          round[fiber] = mine;
          changed.signalAll();
          while (round[(fiber + 1) % FIBERS] < mine - 1) {
            changed.await();
          }
        } finally {
          lock.unlock();
        }
      };
    }
  },
  READ_WRITE_LOCK {
    @Override
    Step step() {
      ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
      return (fiber, round) -> {
        var mine = fiber % 2 == 0 ? lock.readLock() : lock.writeLock();
        mine.lock();
        try {
          Fiber.yield();
        } finally {
          mine.unlock();
        }
      };
    }
  },
  SEMAPHORE {
    @Override
    Step step() {
      Semaphore semaphore = new Semaphore(2);
      return (fiber, round) -> {
        semaphore.acquire();
        Fiber.yield();
        semaphore.release();
      };
    }
  },
  COUNT_DOWN_LATCH {
    @Override
    Step step() {
      CountDownLatch latch = new CountDownLatch(FIBERS);
      return (fiber, round) -> {
        latch.countDown();
        latch.await();
        Fiber.yield();
      };
    }
  },
  CYCLIC_BARRIER {
    @Override
    Step step() {
      CyclicBarrier barrier = new CyclicBarrier(FIBERS);
      return (fiber, round) -> barrier.await();
    }
  },
  PHASER {
    @Override
    Step step() {
      Phaser phaser = new Phaser(FIBERS);
      return (fiber, round) -> phaser.arriveAndAwaitAdvance();
    }
  },
  ARRAY_BLOCKING_QUEUE {
    @Override
    Step step() {
      return putOrTake(new ArrayBlockingQueue<>(1));
    }
  },
  LINKED_BLOCKING_QUEUE {
    @Override
    Step step() {
      return putOrTake(new LinkedBlockingQueue<>(1));
    }
  },
  SYNCHRONOUS_QUEUE {
    @Override
    Step step() {
      return putOrTake(new SynchronousQueue<>());
    }
  },
  EXCHANGER {
    @Override
    Step step() {
      Exchanger<Integer> exchanger = new Exchanger<>();
      return (fiber, round) -> {
        if (fiber < 2) { // with more than two, one may be left alone
          exchanger.exchange(fiber);
        } else {
          Fiber.yield();
        }
      };
    }
  },
  CONCURRENT_HASH_MAP {
    @Override
    Step step() {
      ConcurrentHashMap<Integer, Integer> map = new ConcurrentHashMap<>();
      return (fiber, round) ->
          map.compute(
              fiber % 2,
              (key, value) -> {
                Fiber.yield();
                return round;
              });
    }
  },
  MONITOR {
    @Override
    Step step() {
      Object lock = new Object();
      return (fiber, round) -> {
        synchronized (lock) {
          Fiber.yield();
        }
      };
    }
  },
  NESTED_MONITORS {
    @Override
    Step step() {
      Object outer = new Object();
      Object inner = new Object();
      return (fiber, round) -> {
        if (fiber < 2) {
          synchronized (outer) {
            Fiber.yield();
            synchronized (inner) {
              Fiber.yield();
            }
          } // releases both in one slice
        } else {
          synchronized (fiber == 2 ? outer : inner) {
            Fiber.yield();
          }
        }
      };
    }
  },
  OBJECT_WAIT {
    @Override
    Step step() {
      Object lock = new Object();
      int[] round = new int[FIBERS];
      return (fiber, mine) -> {
        synchronized (lock) {
          round[fiber] = mine;
          lock.notifyAll();
          while (round[(fiber + 1) % FIBERS] < mine - 1) {
            lock.wait();
          }
        }
      };
    }
  },
  COMPLETABLE_FUTURE {
    @Override
    Step step() {
      List<CompletableFuture<Integer>> futures = new ArrayList<>();
      for (int i = 0; i < ROUNDS; i++) {
        futures.add(new CompletableFuture<>());
      }
      return (fiber, round) -> {
        if (fiber == 0) {
          Fiber.yield();
          futures.get(round).complete(round);
        } else {
          futures.get(round).join();
        }
      };
    }
  };

  static final int FIBERS = 5;
  static final int ROUNDS = 6;

  /** What a fiber does in a round. */
  interface Step {
    void run(int fiber, int round) throws Exception;
  }

  abstract Step step();

  /** Whether it comes to an end: before JDK 24 a fiber in {@code Object.wait} keeps its domain. */
  boolean isPossible() {
    return this != OBJECT_WAIT || Runtime.version().feature() >= 24;
  }

  private static Step putOrTake(BlockingQueue<Integer> queue) {
    return (fiber, round) -> {
      if (fiber == 0) {
        Fiber.yield();
      } else if (fiber % 2 == 0) {
        queue.put(round);
      } else {
        queue.take();
      }
    };
  }

  /** Runs it, and returns who had his turn when. */
  String run(RandosScheduler scheduler) {
    StringBuilder log = new StringBuilder();
    scheduler.run(
        () -> {
          Step step = step();
          List<Computation<Boolean>> ends = new ArrayList<>();
          for (int i = 0; i < FIBERS; i++) {
            int fiber = i;
            ends.add(
                Fibers.start(
                    () -> {
                      for (int round = 0; round < ROUNDS; round++) {
                        log.append((char) ('a' + fiber));
                        step.run(fiber, round);
                      }
                      return true;
                    }));
          }
          ends.forEach(Computation::await);
        });
    return log.toString();
  }

  /** Prints the schedule of each program for the seed that is given. */
  public static void main(String[] args) {
    RandosScheduler scheduler = RandosScheduler.builder().seed(Long.parseLong(args[0])).build();
    for (Programs program : values()) {
      if (program.isPossible()) {
        System.out.println(program + " " + program.run(scheduler));
      }
    }
  }
}
