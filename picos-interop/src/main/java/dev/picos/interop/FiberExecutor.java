package dev.picos.interop;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Outcome;
import dev.picos.core.ThreadScheduler;
import dev.picos.core.internal.Headroom;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Inheritance;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminateException;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An executor that runs each task in a fiber of its own, on any scheduler.
 *
 * {@snippet :
 * try (Service service = MultiFifoScheduler.create().start();
 *     FiberExecutor executor = FiberExecutor.of(service::submit)) {
 *   Future<Page> page = executor.submit(() -> fetch(url));
 *   executor.scheduleAtFixedRate(this::report, 1, 1, TimeUnit.MINUTES);
 * }
 * }
 *
 * <p><b>Where the fibers run.</b> {@link #of(Spawner)} takes whatever starts fibers, such as a
 * service; {@link #create} needs no scheduler and no flag; {@link #inThisRun} is for code in a
 * fiber that has to hand an executor to somebody, so that the tasks belong to the same run; and
 * {@link #of(Bundle)} makes them belong to a scope.
 *
 * <p><b>Tasks.</b> Each may use all operations of fibers, and block as it likes. Canceling a task's
 * future with {@code cancel(true)} cancels the fiber, and interrupts it if it blocks in the JDK;
 * {@code cancel(false)} lets a task go on that has begun. What a task of {@link #execute} throws
 * goes to the {@linkplain Thread#getUncaughtExceptionHandler handler} of uncaught exceptions of its
 * thread; in a bundle it is an error of the bundle. What a submitted task throws is found in its
 * future, and only there.
 *
 * <p><b>Waiting.</b> The waits of the futures, {@link #awaitTermination}, {@link #invokeAll} and
 * {@link #invokeAny} can be interrupted, as their interfaces say. A calling fiber that is canceled
 * before or while it waits throws the reason; {@link #invokeAll} and {@link #invokeAny} then cancel
 * their tasks. Timeouts go by the clock of the calling fiber, as do delays by that of the fiber
 * that runs the task, so they pass in virtual time, too. Only {@code invokeAll} and {@code
 * invokeAny} with a timeout measure it by the clock of the machine.
 *
 * <p><b>Scheduled tasks.</b> A task that is to run later is a fiber that sleeps until then, and
 * takes the memory of one; if it is canceled, until the fiber has had its turn. A periodic task
 * never runs twice at once. At a fixed rate, each time begins a period after the last one began, or
 * at once if that is over by then; what has been missed is not made up for. {@link #shutdown} ends
 * periodic tasks, and {@link #close} waits for the other ones.
 *
 * <p><b>Ending.</b> {@link #shutdownNow} cancels and interrupts every task that is running. Each
 * task has a fiber that has been started, so the list that it returns is empty; a task whose fiber
 * has not begun begins canceled and interrupted. {@link #close} waits until all tasks have ended,
 * as in every executor, and must not be called by one of them. When its caller is interrupted or
 * canceled, it calls {@code shutdownNow}, waits on, and leaves the status as it was. An executor
 * that has no tasks holds nothing that must be closed.
 *
 * <p>What the caller of {@code submit} or {@code execute} did before happens before the task, and
 * what the tasks did happens before an {@code awaitTermination} that returns {@code true}.
 */
public final class FiberExecutor extends AbstractExecutorService
    implements ScheduledExecutorService {
  // For maintainers.
  //
  // Two counts tell how many tasks have entered, and how many have left. They only grow, and each
  // has cache lines of its own, since threads outside change the one while fibers change the other.
  // Whoever leaves counts and then reads `shutDown`; shutdown writes that and then reads the
  // counts.
  // So whoever comes last completes `terminated`. It reads how many have left, and then how many
  // have entered. If both are the same, nobody was in between the two reads, since nobody leaves
  // who has not entered. A task enters and then reads `shutDown`; if it is rejected, it leaves.
  //
  // No task escapes shutdownNow: a fiber puts its computation into `running` and then reads
  // `stopped`; shutdownNow writes `stopped` and then goes through `running`. So at least one of the
  // two sees the other. A periodic task that is put into `periodic`, and the bit of a shutdown, are
  // such a pair, too. The map's accesses are no volatile ones, hence the fences.

  /** Starts fibers, such as {@code service::submit}. */
  @FunctionalInterface
  public interface Spawner {
    /**
     * Starts {@code main} as {@code fiber}, which is new, as {@link Handler#spawn} does; called in
     * any thread or fiber.
     *
     * @throws RejectedExecutionException if it takes no more fibers
     */
    void spawn(Fiber fiber, Consumer<? super Fiber> main);
  }

  /** Starts a fiber for a task, under a computation that can be canceled by itself. */
  private interface Starter {
    void start(Consumer<? super Fiber> task);
  }

  // Places in an array, two cache lines from its ends and from each other.
  private static final int ENTERED = 16;
  private static final int LEFT = 32;
  private static final int LENGTH = 48;

  private final Starter starter;
  private final boolean throwsToStarter;
  private final @Nullable Inheritance inheritance;
  private final AtomicLongArray counts = new AtomicLongArray(LENGTH);
  private final Computation<@Nullable Void> terminated = new Computation<>();
  private final Set<Computation<?>> running = ConcurrentHashMap.newKeySet();
  private final Set<ScheduledFiberTask<?>> periodic = ConcurrentHashMap.newKeySet();

  /** Made in advance, so that a fiber can be stopped where there is no memory. */
  private final Outcome<?> stop = new Outcome.Canceled<>(new TerminateException());

  private volatile boolean shutDown;
  private volatile boolean stopped;

  private FiberExecutor(
      Starter starter, boolean throwsToStarter, @Nullable Inheritance inheritance) {
    this.starter = starter;
    this.throwsToStarter = throwsToStarter;
    this.inheritance = inheritance;
  }

  /**
   * Makes an executor whose fibers {@code spawner} starts. It closes nothing of that, and must be
   * closed before that is.
   */
  public static FiberExecutor of(Spawner spawner) {
    Objects.requireNonNull(spawner, "spawner");
    return new FiberExecutor(
        task -> {
          Computation<@Nullable Void> own = new Computation<>(Computation.Mode.LIFO);
          spawner.spawn(
              new Fiber(own),
              fiber -> {
                try {
                  task.accept(fiber);
                } finally {
                  own.tryReturn(null);
                }
              });
        },
        false,
        null);
  }

  /** Makes an executor whose fibers are virtual threads, which the JDK schedules. */
  public static FiberExecutor create() {
    return of(ThreadScheduler.create()::spawn);
  }

  /**
   * Makes an executor whose fibers belong to the run of the calling fiber, which waits for them. It
   * takes tasks, from any thread, for as long as the calling fiber lives.
   */
  public static FiberExecutor inThisRun() {
    Handler home = Handler.ofCurrentThread();
    Fiber owner = home.current();
    return of(
        (fiber, main) -> {
          if (!isStillThatOf(home, owner)) {
            throw new RejectedExecutionException("the fiber that made the executor has ended");
          }
          Fiber.spawnIn(home, fiber, main);
        });
  }

  /** A handler may be that of another fiber later, which this does not always find out. */
  private static boolean isStillThatOf(Handler home, Fiber owner) {
    try {
      return home.current() == owner;
    } catch (RuntimeException ofNone) {
      return false;
    }
  }

  /**
   * Makes an executor whose fibers belong to {@code bundle}, which waits for them, and cancels them
   * when it is stopped. It rejects tasks when the bundle takes no more.
   */
  public static FiberExecutor of(Bundle bundle) {
    Objects.requireNonNull(bundle, "bundle");
    return new FiberExecutor(
        task -> {
          Promise<@Nullable Void> unused =
              bundle.forkAsPromise(
                  () -> {
                    task.accept(Fiber.current());
                    return null;
                  });
        },
        true,
        null);
  }

  /**
   * Makes an executor that starts its fibers as this one does, and whose tasks inherit what {@code
   * inheritance} captures in the fiber or thread that hands them in, in place of what this one's
   * tasks inherit. What the capture throws, the call throws that hands the task in. The two are
   * closed independently of each other.
   */
  public FiberExecutor inheriting(Inheritance inheritance) {
    return new FiberExecutor(
        starter, throwsToStarter, Objects.requireNonNull(inheritance, "inheritance"));
  }

  // Tasks

  /**
   * Runs {@code task} in a fiber.
   *
   * @throws RejectedExecutionException if this executor has been shut down, or whatever starts the
   *     fibers takes no more, or does so because the calling fiber is canceled; what it threw is
   *     the cause
   */
  @Override
  public void execute(Runnable task) {
    Objects.requireNonNull(task, "task");
    Headroom.requireToRelease(); // or the task might be counted for ever
    Work work = new Work(inheriting(task));
    enter();
    boolean isStarted = false;
    try {
      starter.start(work);
      isStarted = true;
    } catch (RejectedExecutionException refused) {
      throw refused;
    } catch (RuntimeException refused) {
      throw new RejectedExecutionException(this + " could not start a fiber", refused);
    } finally {
      if (!isStarted) {
        leave();
      }
    }
  }

  private Runnable inheriting(Runnable task) {
    if (inheritance == null) {
      return task;
    }
    Block<Exception> heir = inheritance.bindBlock(task::run);
    return () -> {
      try {
        heir.run();
      } catch (Exception thrown) {
        throw ComputationException.unchecked(thrown); // which a Runnable throws unchecked
      }
    };
  }

  private void enter() {
    counts.getAndIncrement(ENTERED);
    if (shutDown) {
      leave();
      throw new RejectedExecutionException(this + " has been shut down");
    }
  }

  private void leave() {
    counts.getAndIncrement(LEFT);
    if (shutDown) {
      terminateIfEmpty();
    }
  }

  private void terminateIfEmpty() {
    long left = counts.get(LEFT);
    if (left == counts.get(ENTERED)) {
      terminated.tryReturn(null);
    }
  }

  /** What the fiber of a task does. */
  private final class Work implements Consumer<Fiber>, Block<RuntimeException> {
    private final Runnable task;
    private boolean isBegun;

    Work(Runnable task) {
      this.task = task;
    }

    @Override
    public void accept(Fiber fiber) {
      Computation<?> own = fiber.computation();
      try {
        track(own);
        work(own);
      } catch (Throwable thrown) {
        if (thrown != own.cancelReason()) {
          report(thrown);
        }
      } finally {
        running.remove(own);
        leave();
      }
    }

    /**
     * Runs the task, also if the fiber was canceled before, or there is no memory to arrange for an
     * interrupt: it has been accepted.
     */
    private void work(Computation<?> own) {
      try {
        Control.runInterruptible(this);
      } catch (Throwable thrown) {
        if (isBegun) {
          throw thrown;
        }
        runAsItIs(own);
      }
    }

    private void runAsItIs(Computation<?> own) {
      if (own.isCanceled()) {
        Thread.currentThread().interrupt();
      }
      try {
        run();
      } finally {
        boolean unused = Thread.interrupted();
      }
    }

    @Override
    public void run() {
      isBegun = true;
      task.run();
    }
  }

  private void track(Computation<?> own) {
    try {
      running.add(own);
      VarHandle.fullFence();
    } catch (OutOfMemoryError full) {
      // The task has to run. It is out of reach of shutdownNow.
    }
    if (stopped) {
      stop(own);
    }
  }

  @SuppressWarnings("unchecked") // a cancelation has no value
  private void stop(Computation<?> task) {
    boolean unused =
        ((Computation<@Nullable Object>) task).tryComplete((Outcome<@Nullable Object>) stop);
  }

  private void report(Throwable thrown) {
    if (throwsToStarter) {
      throw ComputationException.unchecked(thrown);
    }
    try {
      Thread here = Thread.currentThread();
      here.getUncaughtExceptionHandler().uncaughtException(here, thrown);
    } catch (Throwable byHandler) {
      // Ignored, as the JVM does it.
    }
  }

  @Override
  protected <T extends @Nullable Object> RunnableFuture<T> newTaskFor(Callable<T> callable) {
    return new FiberTask<>(callable);
  }

  @Override
  protected <T extends @Nullable Object> RunnableFuture<T> newTaskFor(Runnable task, T value) {
    return new FiberTask<>(Executors.callable(task, value));
  }

  @Override
  public <T extends @Nullable Object> List<Future<T>> invokeAll(
      Collection<? extends Callable<T>> tasks) throws InterruptedException {
    return ended(
        Control.<List<Future<T>>, InterruptedException>callInterruptible(
            () -> super.invokeAll(tasks)));
  }

  @Override
  public <T extends @Nullable Object> List<Future<T>> invokeAll(
      Collection<? extends Callable<T>> tasks, long timeout, TimeUnit unit)
      throws InterruptedException {
    return ended(
        Control.<List<Future<T>>, InterruptedException>callInterruptible(
            () -> super.invokeAll(tasks, timeout, unit)));
  }

  /**
   * Returns {@code futures} if they have ended. Otherwise the caller has been canceled with a
   * {@link java.util.concurrent.CancellationException}, which was taken for that of a future.
   */
  private static <T extends @Nullable Object> List<Future<T>> ended(List<Future<T>> futures) {
    if (!futures.stream().allMatch(Future::isDone)) {
      futures.forEach(future -> future.cancel(true));
      Fiber.current().check();
    }
    return futures;
  }

  @Override
  public <T extends @Nullable Object> T invokeAny(Collection<? extends Callable<T>> tasks)
      throws InterruptedException, ExecutionException {
    try {
      return Control.<T, Exception>callInterruptible(() -> super.invokeAny(tasks));
    } catch (Exception thrown) {
      throw ofInvokeAny(thrown);
    }
  }

  @Override
  public <T extends @Nullable Object> T invokeAny(
      Collection<? extends Callable<T>> tasks, long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      return Control.<T, Exception>callInterruptible(() -> super.invokeAny(tasks, timeout, unit));
    } catch (TimeoutException elapsed) {
      throw elapsed;
    } catch (Exception thrown) {
      throw ofInvokeAny(thrown);
    }
  }

  private static RuntimeException ofInvokeAny(Exception thrown)
      throws InterruptedException, ExecutionException {
    if (thrown instanceof InterruptedException interrupted) {
      throw interrupted;
    }
    if (thrown instanceof ExecutionException failed) {
      throw failed;
    }
    return ComputationException.unchecked(thrown);
  }

  // Futures that depend on each other

  /**
   * Runs {@code supplier} in a fiber, and returns a future of its value, as {@link
   * CompletableFuture#supplyAsync} does. Functions that depend on the future and are asynchronous
   * run here, and its timeouts go by the clock of the fiber that sets them.
   */
  public <T extends @Nullable Object> CompletableFuture<T> supplyAsync(Supplier<T> supplier) {
    return new FiberFuture<T>(this).completeAsync(supplier);
  }

  /** Runs {@code task} in a fiber, as {@link #supplyAsync} does. */
  public CompletableFuture<@Nullable Void> runAsync(Runnable task) {
    Objects.requireNonNull(task, "task");
    return this.<@Nullable Void>supplyAsync(
        () -> {
          task.run();
          return null;
        });
  }

  // Scheduled tasks

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return schedule(Executors.callable(command), delay, unit);
  }

  @Override
  public <T extends @Nullable Object> ScheduledFuture<T> schedule(
      Callable<T> callable, long delay, TimeUnit unit) {
    ScheduledFiberTask<T> task =
        new ScheduledFiberTask<>(
            callable,
            Waits.atLeastZero(delay, unit),
            Duration.ZERO,
            ScheduledFiberTask.Repeat.NEVER);
    execute(task);
    return task;
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initialDelay, long period, TimeUnit unit) {
    return repeat(
        command, initialDelay, period, unit, ScheduledFiberTask.Repeat.AT_FIXED_RATE, "period");
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    return repeat(
        command, initialDelay, delay, unit, ScheduledFiberTask.Repeat.WITH_FIXED_DELAY, "delay");
  }

  private ScheduledFuture<?> repeat(
      Runnable command,
      long initialDelay,
      long period,
      TimeUnit unit,
      ScheduledFiberTask.Repeat repeat,
      String name) {
    Objects.requireNonNull(command, "command");
    if (period <= 0) {
      throw new IllegalArgumentException(name + " must be positive: " + period);
    }
    ScheduledFiberTask<?> task =
        new ScheduledFiberTask<>(
            Executors.callable(command),
            Waits.atLeastZero(initialDelay, unit),
            Waits.atLeastZero(period, unit),
            repeat);
    task.whenDone(() -> periodic.remove(task));
    periodic.add(task);
    VarHandle.fullFence();
    boolean isStarted = false;
    try {
      execute(task);
      isStarted = true;
    } finally {
      if (!isStarted) {
        periodic.remove(task);
      }
    }
    if (isShutdown()) {
      task.endAfterThisTime();
    }
    return task;
  }

  // The end

  /** Takes no more tasks, and ends periodic ones after what they are doing. */
  @Override
  public void shutdown() {
    shutDown = true;
    terminateIfEmpty();
    VarHandle.fullFence();
    periodic.forEach(ScheduledFiberTask::endAfterThisTime);
  }

  /**
   * Takes no more tasks, and cancels and interrupts those that are running.
   *
   * @return an empty list, as every task has been started
   */
  @Override
  public List<Runnable> shutdownNow() {
    stopped = true;
    shutdown(); // which has a fence
    running.forEach(this::stop);
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return shutDown;
  }

  @Override
  public boolean isTerminated() {
    return !terminated.isRunning();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    try {
      Waits.within(terminated, timeout, unit);
      return true;
    } catch (TimeoutException elapsed) {
      return isTerminated();
    }
  }

  @Override
  public void close() {
    shutdown();
    boolean isInterrupted = false;
    while (!isTerminated()) {
      try {
        Control.runCancelableByInterrupt(terminated::join);
      } catch (InterruptedException interrupted) {
        isInterrupted = true;
        shutdownNow();
      } catch (Throwable canceled) {
        shutdownNow();
        Control.runProtected(terminated::join);
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Says how many tasks there are, and whether more are taken. */
  @Override
  public String toString() {
    long left = counts.get(LEFT);
    return "FiberExecutor[tasks: "
        + (counts.get(ENTERED) - left)
        + (!shutDown ? "" : isTerminated() ? ", terminated" : ", shut down")
        + "]";
  }
}
