package dev.picos.tests.sync;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Suspension;
import dev.picos.core.Trigger;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.FullHeap;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@link FullHeapTest} runs in JVMs of its own: a fiber that waits is granted what it waits
 * for, and is canceled before it knows, and the heap is full when it goes on.
 */
final class FullHeapProgram {
  private static final RuntimeException REASON = new RuntimeException("reason");

  private static volatile boolean goesOn;

  private FullHeapProgram() {}

  public static void main(String[] arguments) throws Exception {
    // The first time loads and links what will be needed, which takes memory.
    for (boolean full : new boolean[] {false, true}) {
      switch (System.getProperty("picos.program")) {
        case "semaphore" -> {
          Semaphore semaphore = new Semaphore(0);
          run(full, semaphore, semaphore::acquire, semaphore::release);
        }
        case "mutex" -> {
          Mutex mutex = Mutex.unchecked();
          mutex.lock();
          run(full, mutex, mutex::lock, mutex::unlock);
        }
        default -> throw new IllegalArgumentException();
      }
    }
    System.out.println("passed on");
  }

  private static void run(boolean full, Object lock, Runnable acquire, Runnable release)
      throws Exception {
    goesOn = false;
    Fiber fiber = new Fiber(new Computation<>());
    Task<String> canceled = Task.start(() -> acquireSlowly(fiber, acquire));
    Wait.until(() -> lock.toString().contains("1 waiting"));
    Task<String> second = Task.start(() -> acquire(acquire));
    Wait.until(() -> lock.toString().contains("2 waiting"));
    Task<String> third = Task.start(() -> acquire(acquire));
    Wait.until(() -> lock.toString().contains("3 waiting"));
    release.run();
    fiber.computation().tryCancel(REASON);
    if (full) {
      FullHeap.fill();
    }
    goesOn = true;
    long start = System.nanoTime();
    while (System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(300)) {
      Thread.onSpinWait(); // there is nothing to see while it looks for memory
    }
    FullHeap.release();
    expect("reason", canceled);
    expect("acquired", second);
    release.run();
    expect("acquired", third);
  }

  private static void expect(String what, Task<String> task) throws Exception {
    String is = task.result();
    if (!is.equals(what)) {
      throw new AssertionError(is);
    }
  }

  private static String acquire(Runnable acquire) {
    acquire.run();
    return "acquired";
  }

  private static String acquireSlowly(Fiber fiber, Runnable acquire) {
    Throwable[] thrown = new Throwable[1];
    Handler.using(
        new Slow(fiber),
        () -> {
          try {
            acquire.run();
          } catch (Throwable reason) {
            thrown[0] = reason;
          }
        });
    return thrown[0] == null ? "acquired" : thrown[0] == REASON ? "reason" : "no memory";
  }

  /** Lets a fiber go on only when it is told so. */
  private record Slow(Fiber fiber) implements Handler {
    @Override
    public Fiber current() {
      return fiber;
    }

    @Override
    public @Nullable Throwable await(Trigger trigger) {
      if (Suspension.tryBegin(fiber, trigger, null, null, (signaled, none, nothing) -> {})) {
        while (!goesOn || !trigger.isSignaled()) {
          Thread.onSpinWait();
        }
        return Suspension.end(fiber, trigger);
      }
      return fiber.cancelReason();
    }

    @Override
    public void spawn(Fiber child, Consumer<? super Fiber> main) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void yield() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
      throw new UnsupportedOperationException();
    }
  }
}
