package dev.picos.domains;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A run of a scheduler that has no main: it takes work from any thread until it is closed. It is
 * for servers, and for programs that meet fibers piece by piece.
 *
 * {@snippet :
 * try (Service service = MultiFifoScheduler.create().start()) {
 *   Computation<Integer> answer = service.submit(() -> 6 * 7);
 *   System.out.println(answer.await());
 * }
 * }
 *
 * <p>All methods may be called from any thread and any fiber, even at the same time. None is
 * cancelable. What the caller of {@code submit}, {@code submitBlock} or {@code execute} did before
 * happens before the work; what every fiber did happens before a {@code close} that finds all of
 * them ended returns.
 *
 * <p>A service that has nothing to do occupies no domain; domains are daemon threads, so one that
 * is never closed does not keep the JVM alive.
 *
 * <p><b>Failures.</b> The failure of one fiber concerns no other. What {@code submit} and {@code
 * submitBlock} run may throw anything: the result is canceled with it, and that is all, so look at
 * the result. What nobody else learns of goes to the {@linkplain #uncaughtExceptionHandler handler}
 * of uncaught exceptions: what leaves the work of {@link #execute}; what leaves the {@code main} of
 * any other fiber, which would end a run; and what the actions of triggers throw that are attached
 * to a result. Only a defect of the scheduler itself ends a service: what is running goes no
 * further than its next operation, new work is rejected, the results of what has not ended are
 * canceled with a {@link FatalFiberError}, and the first {@code close} throws it.
 *
 * <p><b>Closing.</b> Each of the ways to close takes no more work, and then waits:
 *
 * <ul>
 *   <li>{@link #close()} until every fiber has ended by itself, however long that takes;
 *   <li>{@link #closeNow()} as well, but cancels first what was submitted. That does not end a
 *       fiber that blocks in the JDK, such as one that reads from an idle connection;
 *   <li>{@link #close(Duration)} never for longer than it is told. It cancels and interrupts what
 *       does not end by itself.
 * </ul>
 *
 * <p>A service may be closed several times, in several ways, and by several threads at once: the
 * fibers are canceled and interrupted as soon as one of them says so.
 *
 * <p><b>At the end of the JVM.</b> A shutdown hook may close a service, and should do so with a
 * bound, since the JVM waits for its hooks: domains work on while hooks run. If it is a fiber of
 * the service that has called {@link System#exit}, that fiber cannot end any more, so the bound is
 * used up.
 *
 * {@snippet :
 * Runtime.getRuntime()
 *     .addShutdownHook(new Thread(() -> service.close(Duration.ofSeconds(5))));
 * }
 */
public final class Service implements AutoCloseable, Executor {
  // For maintainers.
  //
  // A result is canceled with a part of scope, and the part with scope, through cancelers. The
  // canceler of a result is attached to its part from before the fiber is known to the execution
  // until the fiber ends. Scope is canceled by closeNow, and by the
  // execution when that ends with a fatal error. A fiber is counted before the execution is asked
  // whether it still takes any (see Execution). So each fiber is refused, or is run, or is left
  // behind by a fatal error, which cancels its result.
  //
  // Nothing leaves the main of a fiber, and the fiber's result is completed whatever happens: where
  // there is no memory for the outcome, with one that was made before.

  private static final Outcome.Canceled<?> NO_MEMORY =
      new Outcome.Canceled<>(
          new OutOfMemoryError("no memory for the outcome") {
            private static final long serialVersionUID = 1L;

            @Override
            public synchronized Throwable fillInStackTrace() {
              return this; // a trace would keep the classes of the first user for ever
            }
          });

  static {
    // The first time, this resolves constants, for which there would be no memory later.
    new Roster(thrown -> {}).cancel(new Computation<>(), NO_MEMORY);
  }

  /** A power of two. */
  private static final int PARTS = 16;

  /**
   * How many results in a row belong to the same part. While a thread attaches theirs to one part,
   * domains detach those of earlier ones from others, so that processors do not take one cache line
   * from each other for each result.
   */
  private static final int IN_A_ROW = 32;

  /** The reason with which the computation of a timeout is canceled; nobody sees it. */
  private static final Throwable ELAPSED = new Exception("elapsed", null, false, false) {};

  private final Execution execution;
  private final Computation<@Nullable Void> end;
  private final Computation<@Nullable Void> scope = new Computation<>();
  private final Computation<?>[] parts = new Computation<?>[PARTS];
  private final Roster roster = new Roster(this::report);
  private final AtomicBoolean reported = new AtomicBoolean();
  private volatile Thread.@Nullable UncaughtExceptionHandler handler;

  Service(Execution execution, Computation<@Nullable Void> end) {
    this.execution = execution;
    this.end = end;
    Trigger unused = Computation.attachCanceler(end, scope);
    for (int i = 0; i < PARTS; i++) {
      parts[i] = new Computation<>();
      unused = Computation.attachCanceler(scope, parts[i]);
    }
  }

  Roster roster() {
    return roster;
  }

  /**
   * Chooses who is told of exceptions that nobody else learns of, from now on. By default it is the
   * {@linkplain Thread#getUncaughtExceptionHandler handler of the thread} on which that happens,
   * which is the fiber's own most often, so that the exception is printed unless the program has
   * chosen otherwise. The handler is called on that thread. What it throws itself is ignored.
   *
   * @return this service
   */
  public Service uncaughtExceptionHandler(Thread.UncaughtExceptionHandler handler) {
    this.handler = Objects.requireNonNull(handler, "handler");
    return this;
  }

  private void report(Throwable thrown) {
    try {
      Thread here = Thread.currentThread();
      Thread.UncaughtExceptionHandler chosen = handler;
      (chosen == null ? here.getUncaughtExceptionHandler() : chosen)
          .uncaughtException(here, thrown);
    } catch (Throwable byHandler) {
      // Ignored, as the JVM does it.
    }
  }

  /**
   * Starts a fiber that does {@code main}, and returns its result. The fiber is under that
   * computation: to cancel the one is to cancel the other.
   *
   * @throws RejectedExecutionException if this service has been closed or has failed; what escaped
   *     from the scheduler is the cause then
   * @throws OutOfMemoryError if there is no memory for the fiber, which has not been started then
   */
  public <T extends @Nullable Object> Computation<T> submit(Body<? extends T, ?> main) {
    Objects.requireNonNull(main, "main");
    Computation<T> result = new Computation<>(Computation.Mode.LIFO);
    start(result, fiber -> result.tryComplete(outcomeOf(main)));
    return result;
  }

  private static <T extends @Nullable Object> Outcome<T> outcomeOf(Body<? extends T, ?> main) {
    try {
      return new Outcome.Returned<>(main.run());
    } catch (Throwable thrown) {
      return new Outcome.Canceled<>(thrown);
    }
  }

  /**
   * Starts a fiber that does {@code main}, as {@link #submit} does, for work that has no value. The
   * result returns {@code null}.
   *
   * @throws RejectedExecutionException as {@code submit} does
   * @throws OutOfMemoryError as {@code submit} does
   */
  public Computation<@Nullable Void> submitBlock(Block<?> main) {
    Objects.requireNonNull(main, "main");
    return submit(
        () -> {
          main.run();
          return null;
        });
  }

  /**
   * Starts a fiber that does {@code task}, whose result nobody is to look at. What {@code task}
   * throws goes to the {@linkplain #uncaughtExceptionHandler handler} of uncaught exceptions,
   * unless it is what the fiber has been canceled with.
   *
   * @throws RejectedExecutionException as {@code submit} does
   * @throws OutOfMemoryError as {@code submit} does
   */
  @Override
  public void execute(Runnable task) {
    Objects.requireNonNull(task, "task");
    Computation<@Nullable Void> own = new Computation<>(Computation.Mode.LIFO);
    start(own, fiber -> run(task, own));
  }

  private void run(Runnable task, Computation<@Nullable Void> own) {
    try {
      task.run();
    } catch (Throwable thrown) {
      Throwable reason = own.cancelReason();
      boolean isReason =
          thrown == reason
              || (thrown instanceof ComputationException && thrown.getCause() == reason);
      if (reason == null || !isReason) {
        report(thrown);
      }
    }
    own.tryReturn(null);
  }

  /** Starts a fiber under {@code own}, which this service cancels and {@code main} completes. */
  private void start(Computation<?> own, Consumer<? super Fiber> main) {
    Computation<?> part = parts[(execution.submissions() / IN_A_ROW) & (PARTS - 1)];
    Trigger canceler = Computation.canceler(part, own);
    boolean accepted = false;
    if (part.tryAttach(canceler)) {
      try {
        accepted =
            execution.trySubmit(
                new Fiber(own),
                fiber -> {
                  try {
                    main.accept(fiber);
                  } catch (Throwable thrown) { // by an action, or for want of memory
                    roster.cancel(own, NO_MEMORY); // unless it is completed, as it is most often
                    report(thrown);
                  } finally {
                    part.detach(canceler);
                  }
                });
      } finally {
        if (!accepted) {
          part.detach(canceler);
        }
      }
    }
    if (!accepted) {
      throw rejection();
    }
  }

  /**
   * Starts {@code fiber}, which is new, and whose computation and locals the caller has chosen.
   * {@link #closeNow} does not cancel it. What leaves {@code main} goes to the {@linkplain
   * #uncaughtExceptionHandler handler} of uncaught exceptions, and completes nothing.
   *
   * @throws RejectedExecutionException as the other {@code submit} does
   * @throws OutOfMemoryError if there is no memory for the fiber, which has not been started then
   */
  public void submit(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    if (!execution.trySubmit(fiber, main)) {
      throw rejection();
    }
  }

  /**
   * Returns a factory of virtual threads that are fibers of this service.
   *
   * {@snippet :
   * ExecutorService executor = Executors.newThreadPerTaskExecutor(service.threadFactory());
   * }
   *
   * <p>A thread that the factory makes inherits what the JDK's own virtual threads inherit: the
   * inheritable thread locals and the context class loader of the thread that makes it. Once it has
   * been started, by any thread, it runs when the scheduler lets it, and {@link #close()} waits for
   * its end. {@link Thread#join} waits for it, too, and to interrupt it is an interrupt. In it,
   * {@link Fiber#current} is a fiber with a computation of its own, which {@link #closeNow} cancels
   * and which is completed when the thread ends. What leaves its body goes to the {@linkplain
   * #uncaughtExceptionHandler handler} of uncaught exceptions that this service had when the thread
   * was made.
   *
   * <p>{@link Thread#start} throws a {@link RejectedExecutionException} if this service has been
   * closed or has failed; if it has been closed, a fiber of this service may start threads even so.
   * A thread that is alive when the service fails never ends, like any other fiber.
   */
  public ThreadFactory threadFactory() {
    return this::newThread;
  }

  private Thread newThread(Runnable body) {
    Objects.requireNonNull(body, "body");
    Computation<@Nullable Void> own = new Computation<>(Computation.Mode.LIFO);
    Trigger canceler = Computation.canceler(scope, own);
    Thread thread =
        Guest.unstarted(execution, new Fiber(own), () -> runUnderScope(body, own, canceler));
    Thread.UncaughtExceptionHandler chosen = handler;
    if (chosen != null) {
      thread.setUncaughtExceptionHandler(chosen);
    }
    return thread;
  }

  private void runUnderScope(Runnable body, Computation<?> own, Trigger canceler) {
    try {
      if (!scope.tryAttach(canceler) && scope.peek() instanceof Outcome.Canceled<?> canceled) {
        roster.cancel(own, canceled);
      }
    } catch (OutOfMemoryError full) {
      // The body has to run. It is out of reach of closeNow.
    }
    try {
      body.run();
    } finally {
      scope.detach(canceler);
    }
  }

  private RejectedExecutionException rejection() {
    return execution.rejection(this, this + " has been closed");
  }

  /**
   * Takes no more work, and waits until every fiber has ended. Neither cancelation nor an interrupt
   * ends the wait. Closing again only waits.
   *
   * @throws FatalFiberError if this service has failed, and no call before has thrown it
   * @throws IllegalStateException in a fiber of this service, which would wait for its own end;
   *     nothing is closed then
   */
  @Override
  public void close() {
    execution.checkOutside("close");
    execution.close();
    Fiber.current().runForbiddingCancelation(end::join);
    checkEnd();
  }

  /**
   * Takes no more work, cancels what was submitted without a fiber of the caller's own, and the
   * threads of {@link #threadFactory}, and waits until every fiber has ended. So these have to heed
   * their cancelation, and to pass it on to the fibers that they have spawned; one that blocks in
   * the JDK may keep this waiting for ever.
   *
   * @throws FatalFiberError as {@link #close()} does
   * @throws IllegalStateException as {@code close} does
   */
  public void closeNow() {
    Outcome.Canceled<?> canceled = canceled();
    execution.checkOutside("closeNow");
    execution.close();
    roster.cancel(scope, canceled);
    Fiber.current().runForbiddingCancelation(end::join);
    checkEnd();
  }

  /**
   * Closes this service within bounds. This takes no more work, and then
   *
   * <ol>
   *   <li>waits until every fiber has ended by itself;
   *   <li>cancels what {@link #closeNow} cancels, and waits again;
   *   <li>cancels the computations of all fibers that are left, and interrupts these, and waits for
   *       the last time.
   * </ol>
   *
   * <p>Each of the three waits ends after {@code grace}, by the clock of the calling fiber, and as
   * soon as no fiber is alive; then there are no further steps. With no grace at all it does all of
   * this at once, and waits for nothing.
   *
   * <p>The last step reaches every fiber: those of the caller's own, those that other fibers have
   * spawned, and those that have not started yet, which start interrupted. Where such a fiber is
   * under a computation that it shares with others, these are canceled, too. An interrupt ends what
   * blocks in the JDK, if that heeds interrupts: sleeps, queues, locks that can be interrupted, and
   * sockets, which are closed by it. What computes, and looks at neither its cancelation nor its
   * interrupt status, goes on, and this returns {@code false}. To wait for longer, close again.
   *
   * <p>Neither cancelation nor an interrupt of the caller ends a wait; the status is kept.
   *
   * @return whether every fiber has ended
   * @throws IllegalArgumentException if {@code grace} is negative; nothing is closed then
   * @throws FatalFiberError as {@link #close()} does
   * @throws IllegalStateException as {@code close} does
   */
  public boolean close(Duration grace) {
    if (grace.isNegative()) {
      throw new IllegalArgumentException("grace must not be negative: " + grace);
    }
    Outcome.Canceled<?> canceled = canceled();
    execution.checkOutside("close");
    execution.close();
    if (!awaitEnd(grace)) {
      roster.cancel(scope, canceled);
      if (!awaitEnd(grace)) {
        roster.force(canceled);
        if (!awaitEnd(grace)) {
          return false;
        }
      }
    }
    checkEnd();
    return true;
  }

  private Outcome.Canceled<?> canceled() {
    return new Outcome.Canceled<>(new CancellationException(this + " has been closed"));
  }

  /** Waits no longer than that; returns whether every fiber has ended. */
  private boolean awaitEnd(Duration limit) {
    Trigger trigger = new Trigger();
    if (!limit.isZero() && end.tryAttach(trigger)) {
      Computation<@Nullable Void> alarm =
          Computation.withAction(
              Computation.Mode.LIFO, trigger, null, (elapsed, toWake, none) -> toWake.signal());
      try {
        Fiber.current()
            .runForbiddingCancelation(
                () -> {
                  alarm.cancelAfter(limit, ELAPSED);
                  Throwable unused = trigger.await();
                });
      } finally {
        alarm.tryReturn(null);
        end.detach(trigger);
      }
    }
    return !end.isRunning();
  }

  private void checkEnd() {
    if (end.isCanceled() && reported.compareAndSet(false, true)) {
      end.check();
    }
  }

  /** Names the scheduler. */
  @Override
  public String toString() {
    return "a service of " + execution;
  }
}
