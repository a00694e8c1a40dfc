package dev.picos.tests.structured;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.ErrorsException;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.Run;
import dev.picos.testing.FullHeap;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * What {@link FullHeapTest} runs in JVMs of its own: a scope is left, or decided, in a full heap.
 */
final class FullHeapProgram {
  private static final RuntimeException EXPECTED = new RuntimeException("expected");
  private static final Object VALUE = new Object();

  private static final AtomicInteger events = new AtomicInteger();

  private static volatile boolean isFull;
  private static volatile boolean gone;

  private FullHeapProgram() {}

  public static void main(String[] arguments) {
    // The first time loads and links what will be needed, which takes memory.
    String unused = run(false);
    events.set(0);
    gone = false;
    Thread.ofPlatform().daemon().start(FullHeapProgram::releaseLater);
    String result = run(true);
    System.out.println(result + ", " + events);
  }

  private static String run(boolean full) {
    try {
      return switch (System.getProperty("picos.program")) {
        case "bundle" -> bundle(full);
        case "promise" -> promise(full);
        case "race" -> race(full);
        default -> throw new IllegalArgumentException();
      };
    } catch (OutOfMemoryError thrown) {
      FullHeap.release();
      return "no memory";
    } catch (ErrorsException several) {
      // There is memory again: the JVM has found none to wake the main fiber earlier.
      boolean allForLack = several.errors().stream().allMatch(OutOfMemoryError.class::isInstance);
      return allForLack ? "no memory" : several.getMessage();
    } catch (RuntimeException thrown) {
      FullHeap.release();
      return thrown.getMessage();
    }
  }

  /** The main body throws, and what waits for nothing but its cancelation is canceled. */
  private static String bundle(boolean full) {
    Computation<Thread> blocks = new Computation<>();
    Bundle.run(
        bundle -> {
          bundle.fork(
              () -> {
                blocks.tryReturn(Thread.currentThread());
                try {
                  Control.block();
                } finally {
                  events.incrementAndGet();
                }
              });
          awaitSuspension(blocks.await());
          fill(full);
          throw EXPECTED;
        });
    return "returned";
  }

  /** There is no memory for the result of a fiber, which others await. */
  private static String promise(boolean full) {
    Computation<Object> goes = new Computation<>();
    Computation<Thread> awaits = new Computation<>();
    Bundle.run(
        bundle -> {
          Promise<Object> promise =
              bundle.forkAsPromise(
                  () -> {
                    goes.join();
                    while (!gone) {
                      Thread.onSpinWait(); // to wake this fiber takes memory, too
                    }
                    if (!full) {
                      throw EXPECTED; // so that failing is warm
                    }
                    FullHeap.fill();
                    isFull = true;
                    return VALUE;
                  });
          bundle.fork(
              () -> {
                try {
                  awaits.tryReturn(Thread.currentThread());
                  promise.await();
                } finally {
                  events.incrementAndGet();
                }
              });
          awaitSuspension(awaits.await());
          goes.tryReturn(null);
          gone = true;
        });
    return "returned";
  }

  /** There is no memory for the value to win with, which then has lost. */
  private static String race(boolean full) {
    Object value =
        Run.firstSuccess(
            List.of(
                () -> {
                  fill(full);
                  return VALUE;
                }),
            lost -> {
              events.incrementAndGet();
            });
    return value == VALUE ? "won" : "lost";
  }

  /** To wait takes memory, so the heap is filled when the other fiber waits already. */
  private static void awaitSuspension(Thread fiber) {
    while (!(LockSupport.getBlocker(fiber) instanceof Trigger)) {
      Thread.onSpinWait();
    }
  }

  private static void fill(boolean full) {
    if (full) {
      FullHeap.fill();
      isFull = true;
    }
  }

  /** Gives everything back a while after the heap has been filled: the JDK cannot wait for ever. */
  private static void releaseLater() {
    while (!isFull) {
      Thread.onSpinWait();
    }
    long start = System.nanoTime();
    while (System.nanoTime() - start < 300_000_000) {
      Thread.onSpinWait();
    }
    FullHeap.release();
  }
}
