package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.domains.Service;
import dev.picos.interop.FiberExecutor;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import kotlinx.coroutines.Job;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What a task costs that a plain thread submits, and of which it could await the result, when it
 * submits so many before it waits until all of them have ended. {@code -t} changes how many threads
 * do so. Those that are called inside are submitted by a fiber, or by a virtual thread of the JDK.
 */
@State(Scope.Benchmark)
public class SubmitBenchmark extends Settings {
  private static final int TASKS = 10_000;

  /** How many domains, or carriers, or threads run them; those of fifo are always one. */
  @Param({"1", "2"})
  public int domains;

  private Service fifo;
  private Service multififo;
  private FiberExecutor onMultififo;
  private FiberExecutor onThreads;
  private ExecutorService threadsOfMultififo;
  private ExecutorService virtualThreads;
  private ExecutorService fixedPool;
  private ExecutorService forkJoin;
  private LaunchedCoroutines coroutines;

  /** Starts them all, after it has limited their pools. */
  @Setup
  public void start() {
    Pools.limit(domains);
    fifo = FifoScheduler.create().start();
    multififo = MultiFifoScheduler.builder().domains(domains).build().start();
    onMultififo = FiberExecutor.of(multififo::submit);
    onThreads = FiberExecutor.create();
    threadsOfMultififo = Executors.newThreadPerTaskExecutor(multififo.threadFactory());
    virtualThreads = Executors.newVirtualThreadPerTaskExecutor();
    fixedPool = Executors.newFixedThreadPool(domains);
    forkJoin = Executors.newWorkStealingPool(domains);
    coroutines = new LaunchedCoroutines();
  }

  /** Ends them all. */
  @TearDown
  public void end() {
    onMultififo.close();
    onThreads.close();
    threadsOfMultififo.close();
    fifo.close();
    multififo.close();
    virtualThreads.close();
    fixedPool.close();
    forkJoin.close();
    coroutines.close();
  }

  /** A fiber each, of a service of fifo. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void picosFifo() throws InterruptedException {
    submitTo(fifo);
  }

  /** A fiber each, of a service of multififo. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void picosMultififo() throws InterruptedException {
    submitTo(multififo);
  }

  private static void submitTo(Service service) throws InterruptedException {
    submitAll(
        task -> {
          Computation<Integer> unused =
              service.submit(
                  () -> {
                    task.run();
                    return 1;
                  });
        });
  }

  /** A fiber of multififo each, by way of an {@link ExecutorService}. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void executorOfMultififo() throws InterruptedException {
    submitTo(onMultififo);
  }

  /** A fiber on a virtual thread each, by way of an {@link ExecutorService}. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void executorOfThreads() throws InterruptedException {
    submitTo(onThreads);
  }

  /** A thread each that is a fiber of multififo, in the JDK's executor. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void threadsOfMultififo() throws InterruptedException {
    submitTo(threadsOfMultififo);
  }

  /** A virtual thread each. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void jdk() throws InterruptedException {
    submitTo(virtualThreads);
  }

  /** The same by a fiber of the same service. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void insideMultififo() {
    multififo.submitBlock(() -> submitTo(onMultififo)).await();
  }

  /** A virtual thread each, by a virtual thread. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void insideJdk() throws InterruptedException, ExecutionException {
    virtualThreads
        .submit(
            () -> {
              submitTo(virtualThreads);
              return 1;
            })
        .get();
  }

  /** Platform threads with a queue. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void fixedPool() throws InterruptedException {
    submitTo(fixedPool);
  }

  /** A {@link ForkJoinPool} that is first in, first out. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void forkJoin() throws InterruptedException {
    submitTo(forkJoin);
  }

  private static void submitTo(ExecutorService executor) throws InterruptedException {
    submitAll(
        task -> {
          Future<?> unused = executor.submit(task);
        });
  }

  /** A coroutine of Kotlin each, on the default dispatcher. */
  @Benchmark
  @OperationsPerInvocation(TASKS)
  public void kotlin() throws InterruptedException {
    submitAll(
        task -> {
          Job unused = coroutines.submit(task);
        });
  }

  private static void submitAll(Consumer<Runnable> submit) throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(TASKS);
    for (int i = 0; i < TASKS; i++) {
      submit.accept(ended::countDown);
    }
    ended.await();
  }
}
