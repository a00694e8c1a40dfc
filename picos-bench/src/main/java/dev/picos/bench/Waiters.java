package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;

/**
 * Fibers or threads that wait for the benchmark's thread to wake them, and answer, again and again;
 * as many as an invocation has operations.
 */
public abstract class Waiters {
  private final AtomicInteger unanswered = new AtomicInteger();
  private Thread caller = Thread.currentThread();
  private int count;
  private volatile boolean ended;

  /** Starts them. */
  @Setup
  public void start(BenchmarkParams params) {
    count = params.getOpsPerInvocation();
    expectAnswers();
    start(count);
    park();
  }

  /** Ends them. */
  @TearDown
  public void end() throws InterruptedException {
    ended = true;
    wakeAll();
    join();
  }

  abstract void start(int count);

  abstract void wake(int i);

  abstract void join() throws InterruptedException;

  /** Wakes all of them. */
  final void wakeAll() {
    expectAnswers();
    for (int i = 0; i < count; i++) {
      wake(i);
    }
  }

  private void expectAnswers() {
    caller = Thread.currentThread();
    unanswered.set(count);
  }

  /** Waits for their answers and stays awake meanwhile. */
  final void spin() {
    while (unanswered.get() > 0) {
      Thread.onSpinWait();
    }
  }

  /** Waits for their answers and sleeps meanwhile. */
  final void park() {
    while (unanswered.get() > 0) {
      LockSupport.park();
    }
  }

  /** One of them is about to wait. */
  final void answer() {
    if (unanswered.decrementAndGet() == 0) {
      LockSupport.unpark(caller);
    }
  }

  final boolean haveEnded() {
    return ended;
  }

  /** Fibers that await triggers. */
  @State(Scope.Benchmark)
  public static class Fibers extends Waiters {
    /** On what. */
    @Param public Ours scheduler = Ours.FIFO;

    private Trigger[] triggers = {};
    private Thread runner = Thread.currentThread();

    /** For JMH. */
    public Fibers() {}

    @Override
    void start(int count) {
      triggers = new Trigger[count];
      runner = Thread.ofPlatform().daemon().start(() -> scheduler.create().run(() -> spawn(count)));
    }

    private void spawn(int count) {
      for (int i = 0; i < count; i++) {
        int index = i;
        Fiber.spawn(new Fiber(new Computation<>()), fiber -> live(index));
      }
    }

    private void live(int i) {
      while (!haveEnded()) {
        Trigger trigger = new Trigger();
        triggers[i] = trigger;
        answer();
        if (trigger.await() != null) {
          throw new IllegalStateException("canceled");
        }
      }
    }

    @Override
    void wake(int i) {
      triggers[i].signal();
    }

    @Override
    void join() throws InterruptedException {
      runner.join();
    }
  }

  /** Threads that park. */
  abstract static class Threads extends Waiters {
    private final Thread.Builder builder;
    private Waiter[] waiters = {};

    Threads(Thread.Builder builder) {
      this.builder = builder;
    }

    private final class Waiter {
      private final Thread thread = builder.unstarted(this::live);
      private volatile boolean called;

      private void live() {
        while (!haveEnded()) {
          called = false;
          answer();
          while (!called) {
            LockSupport.park();
          }
        }
      }
    }

    @Override
    void start(int count) {
      waiters = new Waiter[count];
      for (int i = 0; i < count; i++) {
        waiters[i] = new Waiter();
        waiters[i].thread.start();
      }
    }

    @Override
    void wake(int i) {
      waiters[i].called = true;
      LockSupport.unpark(waiters[i].thread);
    }

    @Override
    void join() throws InterruptedException {
      for (Waiter waiter : waiters) {
        waiter.thread.join();
      }
    }
  }

  /** Virtual threads on the JDK's scheduler. */
  @State(Scope.Benchmark)
  public static class VirtualThreads extends Threads {
    /** For JMH. */
    public VirtualThreads() {
      super(Thread.ofVirtual());
    }
  }

  /** Platform threads. */
  @State(Scope.Benchmark)
  public static class PlatformThreads extends Threads {
    /** For JMH. */
    public PlatformThreads() {
      super(Thread.ofPlatform());
    }
  }

  /** Coroutines on the default dispatcher. */
  @State(Scope.Benchmark)
  public static class Coroutines extends Waiters {
    private SuspendedCoroutines all;

    /** For JMH. */
    public Coroutines() {}

    @Override
    void start(int count) {
      all = new SuspendedCoroutines(count, this::haveEnded, this::answer);
    }

    @Override
    void wake(int i) {
      all.resume(i);
    }

    @Override
    void join() {
      all.join();
    }
  }

  /** Tasks of a {@link ForkJoinPool}, which cannot wait: to wake one is to submit it anew. */
  @State(Scope.Benchmark)
  public static class PoolTasks extends Waiters {
    private final ExecutorService pool = Executors.newWorkStealingPool();

    /** For JMH. */
    public PoolTasks() {}

    @Override
    void start(int count) {
      for (int i = 0; i < count; i++) {
        wake(i);
      }
    }

    @Override
    void wake(int i) {
      pool.execute(this::answer);
    }

    @Override
    void join() {
      pool.close();
    }
  }
}
