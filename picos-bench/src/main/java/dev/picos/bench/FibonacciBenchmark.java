package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveTask;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What a fiber costs in fork-join code without any work: each call of fib is a fiber of its own,
 * and its caller awaits the result.
 *
 * <p>For another {@code n} tell JMH how many calls there are: 2 fib(n + 1) - 1. With n = 30 that is
 * {@code -p n=30 -opi 2692537}, which needs a bigger heap: {@code -jvmArgs "-Xms8g -Xmx8g"}.
 */
@State(Scope.Benchmark)
public class FibonacciBenchmark extends Settings {
  private static final int CALLS = 242_785;

  /** Which Fibonacci number. */
  @Param("25")
  public int n;

  private final ForkJoinPool pool1 = new ForkJoinPool(1);
  private final ForkJoinPool pool2 = new ForkJoinPool(2);

  /** Ends the threads. */
  @TearDown
  public void end() {
    pool1.close();
    pool2.close();
  }

  /** Fibers. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public int picos(OnEach scheduler) {
    return scheduler.call(() -> inFibers(n));
  }

  private static int inFibers(int n) {
    return n < 2 ? n : sum(fiber(n - 1), fiber(n - 2));
  }

  private static Computation<Integer> fiber(int n) {
    Computation<Integer> promise = new Computation<>();
    Fiber.spawn(new Fiber(promise), fiber -> promise.tryReturn(inFibers(n)));
    return promise;
  }

  private static int sum(Computation<Integer> a, Computation<Integer> b) {
    return a.await() + b.await();
  }

  /** A virtual thread and a future each. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public int jdk() {
    return virtualThread(n).join();
  }

  /** The same, on one carrier. */
  @Benchmark
  @Fork(jvmArgsAppend = {Jdk.ONE, Jdk.ONE_AT_MOST})
  @OperationsPerInvocation(CALLS)
  public int jdkOneCarrier() {
    return jdk();
  }

  private static int inVirtualThreads(int n) {
    return n < 2 ? n : sum(virtualThread(n - 1), virtualThread(n - 2));
  }

  private static CompletableFuture<Integer> virtualThread(int n) {
    CompletableFuture<Integer> promise = new CompletableFuture<>();
    Thread.startVirtualThread(() -> promise.complete(inVirtualThreads(n)));
    return promise;
  }

  private static int sum(CompletableFuture<Integer> a, CompletableFuture<Integer> b) {
    return a.join() + b.join();
  }

  /** A task each in a {@link ForkJoinPool} of one thread; a join runs others on its stack. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public int forkJoin1() {
    return pool1.submit(new Task(n)).join();
  }

  /** The same with two threads. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public int forkJoin2() {
    return pool2.submit(new Task(n)).join();
  }

  private static final class Task extends RecursiveTask<Integer> {
    private static final long serialVersionUID = 1L;

    private final int n;

    Task(int n) {
      this.n = n;
    }

    @Override
    protected Integer compute() {
      if (n < 2) {
        return n;
      }
      Task a = new Task(n - 1);
      Task b = new Task(n - 2);
      a.fork();
      b.fork();
      return b.join() + a.join();
    }
  }

  /** A coroutine of Kotlin each, in one thread. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public int kotlin1() {
    return Kotlin.fibonacciHere(n);
  }

  /** The same, on the default dispatcher with two threads. */
  @Benchmark
  @Fork(jvmArgsAppend = {Kotlin.TWO, Kotlin.TWO_AT_MOST})
  @OperationsPerInvocation(CALLS)
  public int kotlin2() {
    return Kotlin.fibonacciOnDefault(n);
  }
}
