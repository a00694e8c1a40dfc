package dev.picos.tck;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.core.internal.HandlerLookup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A small scheduler to test the tests with: each fiber is a thread, the one that has the baton
 * runs, and the others wait in a queue for it. Without a flaw it is correct; a {@link Flaw} makes
 * it wrong in one place.
 */
final class BatonScheduler implements Scheduler {
  private static final ScheduledThreadPoolExecutor TIMER =
      new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().factory());

  static {
    TIMER.setRemoveOnCancelPolicy(true);
  }

  private static final String NAME = "fiber of a baton scheduler";
  private static final ThreadFactory FIBERS =
      Thread.ofVirtual().name(NAME).inheritInheritableThreadLocals(false).factory();

  /** For threads that are used again, uncleaned. */
  private static final ExecutorService POOL = Executors.newCachedThreadPool(FIBERS);

  private final Flaw flaw;
  private final Semaphore oneRun = new Semaphore(1);
  private final AtomicBoolean ranBefore = new AtomicBoolean();
  private volatile boolean failedBefore;

  BatonScheduler(Flaw flaw) {
    this.flaw = flaw;
  }

  @Override
  public <T, E extends Exception> T call(Body<? extends T, E> main) throws E {
    AtomicReference<T> returned = new AtomicReference<>();
    Body<T, E> body =
        switch (flaw) {
          case RETURNS_ALTHOUGH_CANCELED -> () -> noting(returned, main);
          case LEAVES_MAIN_RUNNING -> () -> underAnother(main);
          default -> main == null ? null : main::run;
        };
    try {
      T value = Scheduler.super.<T, E>call(body);
      return flaw == Flaw.REFUSES_NULL_VALUES ? Objects.requireNonNull(value) : value;
    } catch (Exception e) {
      if (flaw == Flaw.WRAPS_EXCEPTIONS && e instanceof IOException checked) {
        throw new UncheckedIOException(checked);
      }
      if (returned.get() != null) {
        return returned.get();
      }
      throw e;
    }
  }

  private static <T, E extends Exception> T noting(
      AtomicReference<T> value, Body<? extends T, E> main) throws E {
    value.set(main.run());
    return value.get();
  }

  /** Runs main under a computation that is never completed. */
  private static <T, E extends Exception> T underAnother(Body<? extends T, E> main) throws E {
    Computation<Object> another = new Computation<>();
    Fiber.current().setComputation(another);
    T value = main.run();
    another.check();
    return value;
  }

  @Override
  public <E extends Exception> void run(Block<E> main) throws E {
    if (flaw == Flaw.REFUSES_NULL_VALUES) {
      this.<Boolean, E>call(
          () -> {
            main.run();
            return true;
          });
    } else {
      Scheduler.super.run(main);
    }
  }

  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    if (flaw != Flaw.TAKES_NULL) {
      Objects.requireNonNull(fiber, "fiber");
      Objects.requireNonNull(main, "main");
    }
    if (flaw == Flaw.RUNS_ONE_AT_A_TIME) {
      oneRun.acquireUninterruptibly();
    }
    if (flaw == Flaw.CHECKS_BEFORE_MAIN) {
      fiber.check();
    }
    if (refuses()) {
      throw new IllegalStateException("refused");
    }
    Run run = new Run();
    if (flaw == Flaw.FORGETS_THE_GIVEN_FIBER) {
      run.start(new Fiber(fiber.computation(), fiber.hasForbidden()), main);
    } else {
      run.start(fiber, main);
    }
    if (flaw == Flaw.GIVES_UP_WHEN_INTERRUPTED && Thread.interrupted()) {
      throw new IllegalStateException("interrupted");
    }
    if (flaw == Flaw.BLOCKS_THE_CALLER) {
      while (run.end.isRunning()) {
        LockSupport.parkNanos(5_000_000);
      }
    } else {
      Fiber.current().forbid(run.end::join);
    }
    if (flaw == Flaw.WAITS_FOR_TIMEOUTS) {
      run.withTimeout.forEach(each -> Fiber.current().forbid(each::join));
    }
    if (flaw == Flaw.KEEPS_THE_CALLER) {
      Inherited.HANDLER.set(run.first);
    }
    if (flaw == Flaw.RUNS_ONE_AT_A_TIME) {
      oneRun.release();
    }
    run.end.check();
  }

  private boolean refuses() {
    return switch (flaw) {
      case FAILS_FOR_EVER -> failedBefore;
      case RUNS_ONCE -> !ranBefore.compareAndSet(false, true);
      case REFUSES_VIRTUAL_CALLERS -> Thread.currentThread().isVirtual();
      case REFUSES_CALLERS_WITH_MONITORS -> holdsMonitor(Thread.currentThread());
      default -> false;
    };
  }

  private static boolean holdsMonitor(Thread thread) {
    ThreadInfo[] info =
        ManagementFactory.getThreadMXBean()
            .getThreadInfo(new long[] {thread.threadId()}, true, false);
    return info[0] != null && info[0].getLockedMonitors().length > 0; // null if it is virtual
  }

  /** The handler of a fiber, which threads that it starts inherit. */
  private static final class Inherited extends HandlerLookup {
    static final InheritableThreadLocal<Handler> HANDLER = new InheritableThreadLocal<>();

    static {
      register(new Inherited());
    }

    @Override
    public Handler find(Thread current) {
      return HANDLER.get();
    }
  }

  /** Forgets the thread-locals of the calling thread. */
  private static void cleanThread() {
    try {
      Field locals = Thread.class.getDeclaredField("threadLocals");
      locals.setAccessible(true);
      locals.set(Thread.currentThread(), null);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  /** One run: who has the baton, and who waits for it. */
  private final class Run {
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Member> ready = new ArrayDeque<>();
    private final List<Member> kept = new ArrayList<>();
    private final Deque<Member> outside = new ArrayDeque<>();
    private final Deque<Runnable> due = new ArrayDeque<>();
    private final Queue<Computation<?>> withTimeout = new ConcurrentLinkedQueue<>();
    private final Computation<Object> end = new Computation<>();
    private volatile Member running;
    private int alive;
    private int earlySignals;
    private boolean stopped;
    private boolean timerDied;
    private boolean interruptLeft;
    private Member first;

    void start(Fiber fiber, Consumer<? super Fiber> main) {
      Member member = new Member(fiber, main);
      lock.lock();
      try {
        alive++;
        if (flaw == Flaw.KEEPS_ENDED_FIBERS) {
          kept.add(member);
        }
        if (first == null) {
          first = member;
        }
        enqueue(member, flaw == Flaw.STARTS_THE_LAST_FIRST);
      } finally {
        lock.unlock();
      }
    }

    void enqueue(Member member, boolean ahead) {
      lock.lock();
      try {
        if (ahead) {
          ready.addFirst(member);
        } else {
          ready.addLast(member);
        }
        if (running == null) {
          passBaton();
        }
      } finally {
        lock.unlock();
      }
    }

    /** Runs {@code timeout} when no fiber is ready. */
    void runWhenIdle(Runnable timeout) {
      lock.lock();
      try {
        if (running == null) {
          timeout.run();
        } else {
          due.add(timeout);
        }
      } finally {
        lock.unlock();
      }
    }

    void enqueueOutside(Member member) {
      lock.lock();
      try {
        outside.add(member);
        if (running == null) {
          passBaton();
        }
      } finally {
        lock.unlock();
      }
    }

    /** Enqueues, and does not wake up for it. */
    void enqueueAsleep(Member member) {
      lock.lock();
      try {
        ready.add(member);
      } finally {
        lock.unlock();
      }
    }

    void passBaton() {
      lock.lock();
      try {
        if (ready.isEmpty()) {
          ready.addAll(outside);
          outside.clear();
        }
        while (ready.isEmpty() && !due.isEmpty()) {
          due.remove().run();
        }
        do {
          running = stopped ? null : ready.poll();
        } while (running != null && running.over);
        if (running != null) {
          running.receiveBaton();
        }
      } finally {
        lock.unlock();
      }
    }

    /** Called by a fiber that has ended, perhaps with an exception. */
    void ended(Member member, Throwable thrown) {
      boolean fatal = thrown != null && flaw != Flaw.SWALLOWS_FATAL_ERRORS;
      boolean last;
      long left;
      lock.lock();
      try {
        member.over = true;
        left = --alive;
        boolean cutShort = flaw == Flaw.STOPS_WITH_MAIN && member == first;
        stopped |= cutShort || (fatal && flaw != Flaw.GOES_ON_AFTER_FATAL_ERRORS);
        last = cutShort || left == 0;
        passBaton();
      } finally {
        lock.unlock();
      }
      if (fatal) {
        failedBefore = true;
        end.tryCancel(new FatalFiberError(thrown, left));
      } else if (last) {
        end.tryReturn(null);
      }
    }

    /** A fiber, and its thread. */
    final class Member implements Handler {
      private final Fiber fiber;
      private final Consumer<? super Fiber> main;
      private volatile Thread thread;
      private volatile boolean suspended;
      private boolean canceledAtSignal;
      private boolean over;
      private boolean awaited;

      Member(Fiber fiber, Consumer<? super Fiber> main) {
        this.fiber = fiber;
        this.main = main;
      }

      void receiveBaton() {
        if (thread != null) {
          LockSupport.unpark(thread);
        } else if (flaw == Flaw.LEAVES_THREAD_LOCALS) {
          POOL.execute(this::runMain);
        } else {
          FIBERS.newThread(this::runMain).start();
        }
      }

      private void runMain() {
        thread = Thread.currentThread();
        Throwable thrown = null;
        if (flaw == Flaw.LEAVES_INTERRUPTS && interruptLeft) {
          thread.interrupt();
        }
        if (flaw == Flaw.IS_INHERITED_BY_THREADS) {
          Inherited.HANDLER.set(this);
        }
        try {
          if (flaw != Flaw.DROPS_CANCELED_CHILDREN || this == first || !fiber.isCanceled()) {
            Handler.using(this, () -> main.accept(fiber));
          }
        } catch (Throwable t) {
          thrown = t;
        }
        interruptLeft = thread.isInterrupted();
        ended(this, thrown);
      }

      /** Gives the baton away, and waits until it comes back. */
      private void pause() {
        passBaton();
        boolean interrupted = false;
        for (int unparks = 0; running != this; unparks++) {
          LockSupport.park(this);
          interrupted |= Thread.interrupted();
          if (suspended
              && ((interrupted && flaw == Flaw.IS_WOKEN_BY_INTERRUPTS)
                  || (unparks >= 2 && flaw == Flaw.IS_WOKEN_BY_UNPARKS))) {
            suspended = false;
            enqueue(this, false);
          }
        }
        if (flaw == Flaw.CLEANS_TOO_OFTEN) {
          cleanThread();
        }
        if (interrupted && flaw != Flaw.LOSES_INTERRUPTS) {
          thread.interrupt();
        }
      }

      @Override
      public Fiber current() {
        if (flaw == Flaw.CHECKS_IN_CURRENT) {
          fiber.check();
        }
        return flaw == Flaw.TAKES_ALL_FOR_MAIN ? first.fiber : fiber;
      }

      @Override
      public void spawn(Fiber child, Consumer<? super Fiber> main) {
        if (flaw == Flaw.INHERITS_FORBIDDING) {
          child.setForbid(fiber.hasForbidden());
        }
        if (flaw == Flaw.SPAWNS_AND_THROWS) {
          start(child, main);
          fiber.check();
          return;
        }
        if (flaw != Flaw.SPAWNS_UNCHECKED) {
          fiber.check();
        }
        start(child, main);
        if (flaw == Flaw.CHECKS_AFTER_SPAWN) {
          enqueue(this, false);
          pause();
          fiber.check();
        }
      }

      @Override
      public void yield() {
        if (flaw == Flaw.CHECKS_BEFORE_YIELD) {
          fiber.check();
        }
        if (flaw != Flaw.YIELDS_TO_NOBODY) {
          enqueue(this, false);
          pause();
        }
        if (flaw == Flaw.FORGETS_TO_FORBID_IN_YIELD) {
          fiber.computation().check();
        } else if (flaw != Flaw.YIELDS_UNCHECKED && flaw != Flaw.CHECKS_BEFORE_YIELD) {
          fiber.check();
        }
      }

      @Override
      public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
        if (flaw != Flaw.SETS_TIMEOUTS_UNCHECKED) {
          fiber.check();
        }
        boolean keeps = flaw == Flaw.KEEPS_TIMEOUTS || flaw == Flaw.EXPECTS_TO_CANCEL;
        if (!computation.isRunning() && !keeps) {
          return;
        }
        if (flaw == Flaw.WAITS_FOR_TIMEOUTS) {
          withTimeout.add(computation);
        }
        long nanos =
            flaw == Flaw.OVERFLOWS
                ? delay.getSeconds() * 1_000_000_000 + delay.getNano()
                : TimeUnit.NANOSECONDS.convert(delay);
        Future<?> timeout =
            TIMER.schedule(
                flaw == Flaw.KEEPS_TIME_ONLY_WHEN_IDLE
                    ? () -> runWhenIdle(() -> expire(computation, reason))
                    : () -> expire(computation, reason),
                flaw == Flaw.IS_EARLY ? nanos / 2 : nanos,
                TimeUnit.NANOSECONDS);
        Trigger completion =
            Trigger.fromAction(timeout, false, (t, future, no) -> future.cancel(no));
        if (!keeps && !computation.tryAttach(completion)) {
          timeout.cancel(false);
        }
      }

      private void expire(Computation<?> computation, Throwable reason) {
        if (timerDied || (flaw == Flaw.TAKES_TIMEOUTS_WITH_IT && !end.isRunning())) {
          return;
        }
        try {
          boolean canceled =
              computation.tryCancel(
                  flaw == Flaw.WRAPS_REASONS_OF_TIMEOUTS ? new Error(reason) : reason);
          timerDied = !canceled && flaw == Flaw.EXPECTS_TO_CANCEL;
        } catch (Throwable fromAction) {
          timerDied = flaw == Flaw.LOSES_ITS_TIMER;
        }
      }

      @Override
      public Throwable await(Trigger trigger) {
        if (flaw == Flaw.DOES_NOT_AWAIT_ONCE_RETURNED
            && fiber.computation().peek() instanceof Outcome.Returned) {
          return null;
        }
        if (flaw == Flaw.WAKES_FOR_NOTHING && !awaited) {
          awaited = true;
          return fiber.cancelReason();
        }
        boolean forbids = fiber.hasForbidden();
        if (flaw == Flaw.FORGETS_TO_FORBID_IN_AWAIT) {
          fiber.setForbid(false);
        }
        canceledAtSignal = fiber.isCanceled();
        if (fiber.trySuspend(trigger, this, null, (t, member, none) -> member.resume())) {
          suspended = true;
          pause();
          if (flaw != Flaw.LEAKS_TRIGGERS && trigger.isSignaled()) {
            fiber.unsuspend(trigger);
          }
        }
        Throwable reason = fiber.cancelReason();
        fiber.setForbid(forbids);
        if (flaw == Flaw.DECIDES_AT_THE_SIGNAL && !canceledAtSignal) {
          return null;
        }
        if (flaw == Flaw.THROWS_OUT_OF_AWAIT) {
          fiber.check();
        }
        if (flaw == Flaw.TAKES_COMPLETION_FOR_CANCELATION
            && fiber.computation().peek() instanceof Outcome.Returned) {
          return new CancellationException("completed");
        }
        return flaw == Flaw.HIDES_REASONS && reason != null ? new Error(reason) : reason;
      }

      private void resume() {
        if (flaw == Flaw.LOSES_EARLY_SIGNALS && running == this && ++earlySignals == 10) {
          return;
        }
        suspended = false;
        canceledAtSignal = fiber.isCanceled();
        Thread signaler = Thread.currentThread();
        boolean outsider = !signaler.getName().equals(NAME);
        if (flaw == Flaw.LISTENS_ONLY_WHEN_IDLE && outsider) {
          enqueueOutside(this);
          return;
        }
        if (flaw == Flaw.IGNORES_VIRTUAL_THREADS && outsider && signaler.isVirtual()) {
          enqueueAsleep(this);
          return;
        }
        enqueue(this, canceledAtSignal && flaw != Flaw.CANCELED_COME_LAST);
        if (flaw == Flaw.RESUMES_TWICE) {
          enqueue(this, false);
        }
      }
    }
  }
}
