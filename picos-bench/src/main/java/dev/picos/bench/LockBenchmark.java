package dev.picos.bench;

import dev.picos.core.Fiber;
import dev.picos.std.structured.Flock;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;

/** What it costs four fibers to share something that one at a time has. */
public class LockBenchmark extends OnDomains {
  private static final int FIBERS = 4;
  private static final int TURNS = 200_000;

  /** Whether the holder yields before it lets go, so that the others have to wait. */
  @Param({"false", "true"})
  public boolean contended;

  private long counter;

  private interface Turn {
    void run() throws InterruptedException;
  }

  private void count() {
    counter++;
    if (contended) {
      Fiber.yield();
    }
  }

  private void onFibers(Runnable turn) {
    scheduler.run(
        () ->
            Flock.run(
                () -> {
                  for (int i = 0; i < FIBERS; i++) {
                    Flock.fork(
                        () -> {
                          for (int j = 0; j < TURNS / FIBERS; j++) {
                            turn.run();
                          }
                        });
                  }
                }));
  }

  /** A {@link Mutex}: fair. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long picosMutex() {
    Mutex mutex = new Mutex();
    onFibers(
        () -> {
          mutex.lock();
          try {
            count();
          } finally {
            mutex.unlock();
          }
        });
    return counter;
  }

  /** A {@link PoisonLock}: unfair. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long picosPoisonLock() {
    PoisonLock lock = new PoisonLock();
    onFibers(
        () -> {
          lock.lock();
          try {
            count();
          } finally {
            lock.unlock();
          }
        });
    return counter;
  }

  /** A {@link Semaphore}: fair. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long picosSemaphore() {
    Semaphore semaphore = new Semaphore(1);
    onFibers(
        () -> {
          semaphore.acquire();
          try {
            count();
          } finally {
            semaphore.release();
          }
        });
    return counter;
  }

  /** A {@link PoisonSemaphore}: unfair. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long picosPoisonSemaphore() {
    PoisonSemaphore semaphore = new PoisonSemaphore(1);
    onFibers(
        () -> {
          semaphore.acquire();
          try {
            count();
          } finally {
            semaphore.release();
          }
        });
    return counter;
  }

  /** A fair {@link ReentrantLock} in virtual threads. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long jdkFairLock() throws InterruptedException {
    return jdkLock(new ReentrantLock(true));
  }

  /** An unfair {@link ReentrantLock} in virtual threads. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long jdkLock() throws InterruptedException {
    return jdkLock(new ReentrantLock());
  }

  private long jdkLock(ReentrantLock lock) throws InterruptedException {
    onVirtualThreads(
        () -> {
          lock.lock();
          try {
            countInThread();
          } finally {
            lock.unlock();
          }
        });
    return counter;
  }

  /** A fair {@link java.util.concurrent.Semaphore} in virtual threads. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long jdkFairSemaphore() throws InterruptedException {
    return jdkSemaphore(new java.util.concurrent.Semaphore(1, true));
  }

  /** An unfair {@link java.util.concurrent.Semaphore} in virtual threads. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long jdkSemaphore() throws InterruptedException {
    return jdkSemaphore(new java.util.concurrent.Semaphore(1));
  }

  private long jdkSemaphore(java.util.concurrent.Semaphore semaphore) throws InterruptedException {
    onVirtualThreads(
        () -> {
          semaphore.acquire();
          try {
            countInThread();
          } finally {
            semaphore.release();
          }
        });
    return counter;
  }

  private void countInThread() {
    counter++;
    if (contended) {
      Thread.yield();
    }
  }

  private static void onVirtualThreads(Turn turn) throws InterruptedException {
    Jdk.callAll(
        FIBERS,
        () -> {
          try {
            for (int j = 0; j < TURNS / FIBERS; j++) {
              turn.run();
            }
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  /** Kotlin's mutex, which is fair. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long kotlinMutex() {
    return Kotlin.mutex(FIBERS, TURNS, contended, domains > 1);
  }

  /** Kotlin's semaphore, which is fair. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long kotlinSemaphore() {
    return Kotlin.semaphore(FIBERS, TURNS, contended, domains > 1);
  }
}
