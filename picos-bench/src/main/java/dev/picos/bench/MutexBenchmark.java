package dev.picos.bench;

import dev.picos.core.Fiber;
import dev.picos.std.structured.Flock;
import dev.picos.std.sync.Mutex;
import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What it costs four fibers to share a lock. */
@State(Scope.Benchmark)
public class MutexBenchmark extends Settings {
  private static final int FIBERS = 4;
  private static final int TURNS = 200_000;

  /** Whether the holder yields before it unlocks, so that the others have to wait. */
  @Param({"false", "true"})
  public boolean contended;

  private long counter;

  /** {@link Mutex} in fibers. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long picos(OnEach scheduler) {
    Mutex mutex = new Mutex();
    scheduler.run(
        () ->
            Flock.run(
                () -> {
                  for (int i = 0; i < FIBERS; i++) {
                    Flock.fork(
                        () -> {
                          for (int j = 0; j < TURNS / FIBERS; j++) {
                            mutex.lock();
                            try {
                              counter++;
                              if (contended) {
                                Fiber.yield();
                              }
                            } finally {
                              mutex.unlock();
                            }
                          }
                        });
                  }
                }));
    return counter;
  }

  /** A fair {@link ReentrantLock}, with virtual threads on an executor like ours. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long ownExecutor() {
    ReentrantLock lock = new ReentrantLock(true);
    OwnExecutor executor = new OwnExecutor();
    for (int i = 0; i < FIBERS; i++) {
      executor.start(() -> lockTimes(lock, TURNS / FIBERS));
    }
    executor.run();
    return counter;
  }

  /** A fair {@link ReentrantLock}, with virtual threads on the JDK's scheduler. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long jdk() throws InterruptedException {
    ReentrantLock lock = new ReentrantLock(true);
    Jdk.callAll(FIBERS, () -> lockTimes(lock, TURNS / FIBERS));
    return counter;
  }

  /** The same, on one carrier. */
  @Benchmark
  @Fork(jvmArgsAppend = {Jdk.ONE, Jdk.ONE_AT_MOST})
  @OperationsPerInvocation(TURNS)
  public long jdkOneCarrier() throws InterruptedException {
    return jdk();
  }

  private void lockTimes(ReentrantLock lock, int times) {
    for (int j = 0; j < times; j++) {
      lock.lock();
      try {
        counter++;
        if (contended) {
          Thread.yield();
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
