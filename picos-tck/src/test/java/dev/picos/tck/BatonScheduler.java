package dev.picos.tck;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.core.Suspension;
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
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
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
  /** One for each flaw, as some flaws let what a timeout wakes hold the timer up. */
  private static final Map<Flaw, ScheduledThreadPoolExecutor> TIMERS = new ConcurrentHashMap<>();

  /** After how many operations that have not suspended it a fiber lets others run. */
  private static final int QUOTA = 200;

  private static final String NAME = "fiber of a baton scheduler";
  private static final ThreadFactory FIBERS =
      Thread.ofVirtual().name(NAME).inheritInheritableThreadLocals(false).factory();

  /** For threads that are used again, uncleaned. */
  private static final ExecutorService POOL = Executors.newCachedThreadPool(FIBERS);

  private final Flaw flaw;
  private final ScheduledThreadPoolExecutor timer;
  private final Semaphore oneRun = new Semaphore(1);
  private final Semaphore tenRuns = new Semaphore(10);
  private final AtomicBoolean ranBefore = new AtomicBoolean();
  private final Queue<Run> keptRuns = new ConcurrentLinkedQueue<>();
  private volatile boolean failedBefore;

  BatonScheduler(Flaw flaw) {
    this.flaw = flaw;
    timer = TIMERS.computeIfAbsent(flaw, BatonScheduler::newTimer);
  }

  private static ScheduledThreadPoolExecutor newTimer(Flaw flaw) {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("timer of baton schedulers, " + flaw).factory());
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  @Override
  public <T, E extends Exception> T call(Body<? extends T, E> main) throws E {
    if (flaw == Flaw.COMPLETES_MAIN_LAST) {
      return callAndThenComplete(main);
    }
    AtomicReference<T> returned = new AtomicReference<>();
    Body<T, E> body =
        switch (flaw) {
          case COMPLETES_MAIN_WITH_NULL ->
              () -> {
                noting(returned, main);
                return null;
              };
          case REFUSES_SPAWNS_ONCE_MAIN_HAS_THROWN -> () -> tellingRun(main);
          case RETURNS_ALTHOUGH_CANCELED -> () -> noting(returned, main);
          case LEAVES_MAIN_RUNNING -> () -> underAnother(main);
          default -> main == null ? null : main::run;
        };
    try {
      T value = Scheduler.super.<T, E>call(body);
      if (flaw == Flaw.COMPLETES_MAIN_WITH_NULL) {
        return returned.get();
      }
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

  /** Tells the run if main throws. */
  private static <T, E extends Exception> T tellingRun(Body<? extends T, E> main) throws E {
    try {
      return main.run();
    } catch (Throwable thrown) {
      ((Run.Member) Handler.ofCurrentThread()).run().mainHasThrown = true;
      throw thrown;
    }
  }

  private <T, E extends Exception> T callAndThenComplete(Body<? extends T, E> main) throws E {
    Objects.requireNonNull(main, "main");
    Computation<T> ofMain = new Computation<>();
    Computation<T> result = new Computation<>();
    run(new Fiber(ofMain), fiber -> result.tryCapture(main::run));
    Throwable thrown = result.cancelReason();
    if (thrown != null) {
      ofMain.tryCancel(thrown);
      throw Fibers.<E>sneak(thrown);
    }
    ofMain.check();
    ofMain.tryReturn(null);
    return result.await();
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
    if (flaw == Flaw.RUNS_TEN_AT_A_TIME) {
      tenRuns.acquireUninterruptibly();
    }
    if (flaw == Flaw.CHECKS_BEFORE_MAIN) {
      fiber.check();
    }
    if (flaw == Flaw.CHECKS_ITS_CALLER) {
      Fiber.current().check();
    }
    if (refuses()) {
      throw new IllegalStateException("refused");
    }
    Run run = new Run();
    if (flaw == Flaw.LEAVES_THREADS) {
      Thread.ofPlatform().daemon().start(() -> LockSupport.parkNanos(3_000_000_000L));
    }
    if (flaw == Flaw.FORGETS_THE_GIVEN_FIBER) {
      run.start(new Fiber(fiber.computation(), fiber.forbidsCancelation()), main);
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
      Fiber.current().runForbiddingCancelation(run.end::join);
    }
    if (flaw == Flaw.KEEPS_RUNS || (flaw == Flaw.KEEPS_FAILED_RUNS && run.end.isCanceled())) {
      keptRuns.add(run);
    }
    if (flaw == Flaw.WAITS_FOR_TIMEOUTS) {
      run.withTimeout.forEach(each -> Fiber.current().runForbiddingCancelation(each::join));
    }
    if (flaw == Flaw.KEEPS_THE_CALLER) {
      Inherited.HANDLER.set(run.first);
    }
    if (flaw == Flaw.RUNS_ONE_AT_A_TIME) {
      oneRun.release();
    }
    if (flaw == Flaw.RUNS_TEN_AT_A_TIME) {
      tenRuns.release();
    }
    if ((flaw == Flaw.FORBIDS_ONCE_FAILED && run.end.isCanceled())
        || flaw == Flaw.PERMITS_AFTER_RUNS) {
      Fiber.current().setForbidCancelation(flaw == Flaw.FORBIDS_ONCE_FAILED);
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
    private final LinkedList<Member> ready = new LinkedList<>();
    private final List<Object> kept = new ArrayList<>();
    private final Map<Duration, Integer> delays = new ConcurrentHashMap<>();
    private final Deque<Member> outside = new ArrayDeque<>();
    private final Deque<Runnable> due = new ArrayDeque<>();
    private final Queue<Computation<?>> withTimeout = new ConcurrentLinkedQueue<>();
    private final Computation<Object> end = new Computation<>();
    private volatile Member running;
    private volatile int dispatches;
    private int alive;
    private int earlySignals;
    private boolean stopped;
    private boolean timerDied;
    private boolean interruptLeft;
    private boolean interruptPassedOn;
    private ClassLoader loaderLeft;
    private boolean mainHasThrown;
    private Member first;

    void start(Fiber fiber, Consumer<? super Fiber> main) {
      start(new Member(fiber, main));
    }

    private void start(Member member) {
      lock.lock();
      try {
        alive++;
        if (flaw == Flaw.KEEPS_ENDED_FIBERS) {
          kept.add(member);
        }
        if (flaw == Flaw.KEEPS_LOCALS) {
          kept.add(member.fiber);
        }
        if (first == null) {
          first = member;
        }
        if (flaw == Flaw.LOOKS_OUTSIDE_ONLY_BETWEEN_FIBERS && member.fromOutside) {
          enqueueOutside(member);
        } else {
          enqueue(member, flaw == Flaw.STARTS_THE_LAST_FIRST);
        }
      } finally {
        lock.unlock();
      }
    }

    void enqueue(Member member, boolean ahead) {
      enqueueBehind(member, ahead ? 0 : Integer.MAX_VALUE);
    }

    /** Enqueues behind no more than {@code most} others. */
    void enqueueBehind(Member member, int most) {
      lock.lock();
      try {
        ready.add(Math.min(most, ready.size()), member);
        if (running == null) {
          passBaton();
        }
      } finally {
        lock.unlock();
      }
    }

    /** Whether few fibers are ready. */
    boolean isRoomy() {
      lock.lock();
      try {
        return ready.size() < 300;
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
        if (ready.isEmpty() || flaw == Flaw.LOOKS_OUTSIDE_ONLY_BETWEEN_FIBERS) {
          ready.addAll(outside);
          outside.clear();
        }
        while (ready.isEmpty() && !due.isEmpty()) {
          due.remove().run();
        }
        do {
          running = stopped ? nextOfStopped() : ready.poll();
        } while (running != null && running.over);
        if (running != null) {
          dispatches++;
          running.receiveBaton();
        }
      } finally {
        lock.unlock();
      }
    }

    private Member nextOfStopped() {
      if (flaw != Flaw.STARTS_FIBERS_AFTER_FATAL_ERRORS) {
        return null;
      }
      ready.removeIf(member -> member.thread != null);
      return ready.poll();
    }

    private boolean swallowsErrorsOf(Member member) {
      return switch (flaw) {
        case SWALLOWS_FATAL_ERRORS -> true;
        case SWALLOWS_FATAL_ERRORS_AFTER_AWAITS -> member.paused;
        case SWALLOWS_FATAL_ERRORS_FROM_OUTSIDE -> member.fromOutside;
        default -> false;
      };
    }

    /** Takes back that a fiber was counted. */
    void uncount() {
      lock.lock();
      try {
        alive--;
      } finally {
        lock.unlock();
      }
    }

    /** Called by a fiber that has ended, perhaps with an exception. */
    void ended(Member member, Throwable thrown) {
      boolean fatal = thrown != null && !swallowsErrorsOf(member);
      if (flaw == Flaw.COMPLETES_THE_GIVEN_COMPUTATION && member == first && !fatal) {
        member.fiber.computation().tryReturn(null);
      }
      boolean last;
      long left;
      lock.lock();
      try {
        member.over = true;
        left = --alive;
        boolean cutShort = flaw == Flaw.STOPS_WITH_MAIN && member == first;
        cutShort |= flaw == Flaw.DOES_NOT_COUNT_FIBERS_FROM_OUTSIDE && left == 0;
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
      private int spent;
      private boolean paused;
      private boolean fromOutside;
      private volatile boolean resumable;
      private final Computation<?> firstComputation;
      private final boolean firstForbids;

      Member(Fiber fiber, Consumer<? super Fiber> main) {
        this.fiber = fiber;
        this.main = main;
        firstComputation = fiber.computation();
        firstForbids = fiber.forbidsCancelation();
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
        if (flaw == Flaw.LEAVES_CLASS_LOADERS && loaderLeft != null) {
          thread.setContextClassLoader(loaderLeft);
        }
        if (flaw == Flaw.IS_INHERITED_BY_THREADS) {
          Inherited.HANDLER.set(this);
        }
        try {
          if (flaw != Flaw.DROPS_CANCELED_CHILDREN || this == first || !fiber.isCanceled()) {
            boolean another = flaw == Flaw.PASSES_ANOTHER_FIBER && this != first;
            Fiber passed = another ? new Fiber(fiber.computation()) : fiber;
            Handler.using(this, () -> main.accept(passed));
          }
        } catch (Throwable t) {
          thrown = t;
        }
        interruptLeft = thread.isInterrupted();
        loaderLeft = thread.getContextClassLoader();
        ended(this, thrown);
      }

      /** Gives the baton away, and waits until it comes back. */
      private void pause() {
        pause(false);
      }

      private void pause(boolean yields) {
        paused = true;
        boolean interruptedBefore = thread.isInterrupted();
        interruptPassedOn = interruptedBefore;
        passBaton();
        boolean interrupted = false;
        for (int unparks = 0; running != this; unparks++) {
          if (yields && unparks >= 3 && isOutOfPatience()) {
            break;
          }
          LockSupport.park(this);
          if (Thread.interrupted()) {
            interrupted |=
                !suspended
                    || flaw == Flaw.NEVER_TELLS_OF_INTERRUPTS
                    || !Suspension.interrupted(fiber);
          }
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
        if (flaw == Flaw.LOSES_INTERRUPTS_WHILE_YIELDING && yields && !interruptedBefore) {
          interrupted = false;
        }
        interrupted |= flaw == Flaw.PASSES_INTERRUPTS_ON && interruptPassedOn;
        if (interrupted && flaw != Flaw.LOSES_INTERRUPTS) {
          thread.interrupt();
        }
      }

      /** Whether a fiber that yields has been unparked often enough to go on. */
      private boolean isOutOfPatience() {
        if (flaw == Flaw.YIELDS_NO_LONGER_WHEN_UNPARKED) {
          lock.lock();
          try {
            return ready.remove(this);
          } finally {
            lock.unlock();
          }
        }
        return flaw == Flaw.YIELDS_UNTIL_UNPARKED;
      }

      /** How many members are ready up to the first that has started, which is included. */
      private int firstStarted() {
        lock.lock();
        try {
          int unstarted = 0;
          for (Member member : ready) {
            if (member.thread != null) {
              break;
            }
            unstarted++;
          }
          return unstarted + 1;
        } finally {
          lock.unlock();
        }
      }

      /** Lets others run if this has come to the end of its quota. */
      private void spend() {
        if (flaw == Flaw.CLAIMS_EVERYTHING || ++spent < QUOTA) {
          return;
        }
        spent = 0;
        enqueueBehind(this, flaw == Flaw.LETS_ONE_OTHER_RUN ? firstStarted() : Integer.MAX_VALUE);
        pause();
        if (flaw == Flaw.CHECKS_AFTER_ITS_QUOTA) {
          fiber.check();
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
          child.setForbidCancelation(fiber.forbidsCancelation());
        }
        if (flaw == Flaw.SPAWNS_AND_THROWS) {
          start(child, main);
          fiber.check();
          spend();
          return;
        }
        if (flaw == Flaw.REFUSES_SPAWNS_ONCE_MAIN_HAS_THROWN && mainHasThrown) {
          throw new IllegalStateException("main has thrown");
        }
        if (flaw == Flaw.GOES_BY_THE_FIRST_COMPUTATION) {
          if (!fiber.forbidsCancelation()) {
            firstComputation.check();
          }
        } else if (flaw != Flaw.SPAWNS_UNCHECKED) {
          fiber.check();
        }
        if (flaw != Flaw.DROPS_CHILDREN_OF_INTERRUPTED || !thread.isInterrupted()) {
          start(child, main);
        }
        if (flaw == Flaw.CHECKS_AFTER_SPAWN) {
          enqueue(this, false);
          pause();
          fiber.check();
        }
        spend();
      }

      @Override
      public boolean isOfSameRun(Handler other) {
        return other instanceof Member member
            && (member.run() == run()
                || (flaw == Flaw.TAKES_ALL_RUNS_FOR_ONE && member.scheduler() == scheduler()));
      }

      private BatonScheduler scheduler() {
        return BatonScheduler.this;
      }

      private Run run() {
        return Run.this;
      }

      @Override
      public void spawnFromOutside(Fiber child, Consumer<? super Fiber> main) {
        switch (flaw) {
          case REFUSES_FIBERS_FROM_OUTSIDE -> Handler.super.spawnFromOutside(child, main);
          case RUNS_FIBERS_FROM_OUTSIDE_ELSEWHERE -> {
            Run another = new Run();
            another.start(child, main);
            Fiber.current().runForbiddingCancelation(another.end::join);
          }
          case HAS_LITTLE_ROOM -> {
            if (isRoomy()) {
              start(child, main);
            }
          }
          case REFUSES_FIBERS_ONCE_FAILED -> {
            if (stopped) {
              throw new IllegalStateException("failed");
            }
            start(child, main);
          }
          case CHECKS_HOME_OF_FIBERS_FROM_OUTSIDE -> {
            fiber.check();
            start(child, main);
          }
          case DOES_NOT_COUNT_FIBERS_FROM_OUTSIDE -> {
            start(child, main);
            uncount();
          }
          default -> {
            Member member = new Member(child, main);
            member.fromOutside = true;
            start(member);
          }
        }
      }

      @Override
      public void yield() {
        if (flaw == Flaw.CHECKS_BEFORE_YIELD) {
          fiber.check();
        }
        if (flaw != Flaw.YIELDS_TO_NOBODY) {
          boolean toOthers = !ready.isEmpty();
          enqueueBehind(this, flaw == Flaw.YIELDS_TO_SOME ? 32 : Integer.MAX_VALUE);
          pause(true);
          if (flaw == Flaw.LOSES_INTERRUPTS_TO_OTHERS && toOthers) {
            boolean unused = Thread.interrupted();
          }
        }
        if (flaw == Flaw.FORGETS_TO_FORBID_IN_YIELD) {
          fiber.computation().check();
        } else if (flaw != Flaw.YIELDS_UNCHECKED && flaw != Flaw.CHECKS_BEFORE_YIELD) {
          fiber.check();
        }
      }

      @Override
      public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
        if (flaw == Flaw.GOES_BY_THE_FIRST_FLAG) {
          if (!firstForbids) {
            fiber.computation().check();
          }
        } else if (flaw != Flaw.SETS_TIMEOUTS_UNCHECKED) {
          fiber.check();
        }
        setTimeout(computation, delay, reason);
        spend();
      }

      private void setTimeout(Computation<?> computation, Duration delay, Throwable reason) {
        if (flaw == Flaw.DROPS_TIMEOUTS_OF_INTERRUPTED && thread.isInterrupted()) {
          return;
        }
        boolean keeps = flaw == Flaw.KEEPS_TIMEOUTS || flaw == Flaw.EXPECTS_TO_CANCEL;
        if (!computation.isRunning() && !keeps) {
          return;
        }
        if (flaw == Flaw.DROPS_EQUAL_TIMEOUTS && delays.merge(delay, 1, Integer::sum) > 40) {
          return;
        }
        if (flaw == Flaw.WAITS_FOR_TIMEOUTS) {
          withTimeout.add(computation);
        }
        long nanos =
            flaw == Flaw.OVERFLOWS
                ? delay.getSeconds() * 1_000_000_000 + delay.getNano()
                : TimeUnit.NANOSECONDS.convert(delay);
        if (flaw == Flaw.SHORTENS_LONG_TIMEOUTS) {
          nanos &= (1L << 48) - 1;
        }
        Future<?> timeout =
            timer.schedule(
                flaw == Flaw.KEEPS_TIME_ONLY_WHEN_IDLE
                    ? () -> runWhenIdle(() -> expire(computation, reason))
                    : () -> expire(computation, reason),
                flaw == Flaw.IS_EARLY ? nanos / 2 : nanos,
                TimeUnit.NANOSECONDS);
        if (flaw == Flaw.KEEPS_TIMEOUTS_SET_TOO_LATE) {
          LockSupport.parkNanos(100_000); // time for the computation to complete
        }
        Trigger completion =
            Trigger.fromAction(timeout, computation, (t, future, on) -> cancel(future, on));
        if (!keeps
            && !computation.tryAttach(completion)
            && flaw != Flaw.KEEPS_TIMEOUTS_SET_TOO_LATE) {
          timeout.cancel(false);
        }
      }

      private void cancel(Future<?> timeout, Computation<?> computation) {
        if (flaw != Flaw.KEEPS_TIMEOUTS_OF_CANCELED || !computation.isCanceled()) {
          timeout.cancel(false);
        }
      }

      private void expire(Computation<?> computation, Throwable reason) {
        if (timerDied
            || (flaw == Flaw.TAKES_TIMEOUTS_WITH_IT && !end.isRunning())
            || (flaw == Flaw.DROPS_TIMEOUTS_ONCE_FAILED && end.isCanceled())) {
          return;
        }
        if (flaw == Flaw.EXPECTS_TO_CANCEL_IN_TIME) {
          LockSupport.parkNanos(20_000); // or the race would be lost too seldom to be noticed
        }
        try {
          boolean canceled =
              computation.tryCancel(
                  flaw == Flaw.WRAPS_REASONS_OF_TIMEOUTS ? new Error(reason) : reason);
          timerDied =
              !canceled
                  && (flaw == Flaw.EXPECTS_TO_CANCEL || flaw == Flaw.EXPECTS_TO_CANCEL_IN_TIME);
        } catch (Throwable fromAction) {
          timerDied =
              flaw == Flaw.LOSES_ITS_TIMER
                  || (flaw == Flaw.LOSES_ITS_TIMER_BY_ERRORS && fromAction instanceof Error);
        }
      }

      @Override
      public int random(int bound) {
        int number =
            Handler.super.random(flaw == Flaw.TAKES_ANY_BOUND ? Math.max(bound, 1) : bound);
        return switch (flaw) {
          case COUNTS_RANDOM_NUMBERS_FROM_ONE -> number + 1;
          case PREFERS_SMALL_RANDOM_NUMBERS -> ThreadLocalRandom.current().nextInt(number + 1);
          case CHECKS_IN_RANDOM -> {
            fiber.check();
            yield number;
          }
          default -> number;
        };
      }

      @Override
      public Throwable await(Trigger trigger) {
        if ((flaw == Flaw.RESUMES_FOR_SIGNAL_AND_CANCELATION
                || flaw == Flaw.LEAVES_TRIGGERS_UNSIGNALED)
            && !fiber.forbidsCancelation()
            && fiber.computation().isRunning()
            && !trigger.isSignaled()) {
          return awaitEach(trigger);
        }
        if (flaw == Flaw.DOES_NOT_AWAIT_ONCE_RETURNED
            && fiber.computation().peek() instanceof Outcome.Returned) {
          return null;
        }
        if (flaw == Flaw.WAKES_FOR_NOTHING && !awaited) {
          awaited = true;
          return fiber.cancelReason();
        }
        boolean forbids = fiber.forbidsCancelation();
        if (flaw == Flaw.FORGETS_TO_FORBID_IN_AWAIT) {
          fiber.setForbidCancelation(false);
        }
        canceledAtSignal = fiber.isCanceled();
        if (Suspension.tryBegin(fiber, trigger, this, null, (t, member, none) -> member.resume())) {
          suspended = true;
          pause();
          if (flaw != Flaw.LEAKS_TRIGGERS && trigger.isSignaled()) {
            Suspension.end(fiber, trigger);
          }
        }
        Throwable reason = fiber.cancelReason();
        fiber.setForbidCancelation(forbids);
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

      /**
       * Lets the signal and the cancelation resume this fiber, each without regard to the other.
       */
      private Throwable awaitEach(Trigger trigger) {
        Computation<?> computation = fiber.computation();
        Trigger canceled =
            Trigger.fromAction(this, null, (t, member, none) -> member.resumeAgain());
        resumable = true;
        if (trigger.onSignal(this, null, (t, member, none) -> member.resumeAgain())) {
          if (!computation.tryAttach(canceled)) {
            canceled.signal();
          }
          suspended = true;
          pause();
        }
        resumable = false;
        if (flaw != Flaw.LEAVES_TRIGGERS_UNSIGNALED) {
          trigger.signal();
        }
        computation.detach(canceled);
        return fiber.cancelReason();
      }

      private void resumeAgain() {
        if (resumable) {
          resume();
        }
      }

      private void resume() {
        if (flaw == Flaw.LOSES_EARLY_SIGNALS && running == this && ++earlySignals == 10) {
          return;
        }
        if (flaw == Flaw.DROPS_SIGNALS_OF_INTERRUPTED && Thread.currentThread().isInterrupted()) {
          return;
        }
        if (flaw == Flaw.CLEARS_INTERRUPTS_OF_SIGNALERS) {
          boolean unused = Thread.interrupted();
        }
        suspended = false;
        canceledAtSignal = fiber.isCanceled();
        boolean outsider =
            !Thread.currentThread().getName().equals(NAME)
                && !(Handler.ofCurrentThread() instanceof Member); // which may have another name
        if (flaw == Flaw.HAS_LITTLE_ROOM && outsider && !isRoomy()) {
          return;
        }
        if (flaw == Flaw.LISTENS_ONLY_WHEN_IDLE && outsider) {
          enqueueOutside(this);
          return;
        }
        if (flaw == Flaw.IGNORES_VIRTUAL_THREADS
            && outsider
            && Thread.currentThread().isVirtual()) {
          enqueueAsleep(this);
          return;
        }
        boolean inTimer = Thread.currentThread().getName().startsWith("timer"); // others need it
        if (flaw == Flaw.WAITS_IN_SIGNALS && outsider && !inTimer) {
          long givenUp = System.nanoTime() + 2_000_000_000;
          int before = dispatches;
          while (running != null && dispatches == before && System.nanoTime() - givenUp < 0) {
            Thread.onSpinWait();
          }
        }
        boolean ahead = canceledAtSignal && flaw != Flaw.CANCELED_COME_LAST;
        enqueue(this, ahead || flaw == Flaw.RUNS_THE_WOKEN_FIRST);
        if (flaw == Flaw.RESUMES_TWICE) {
          enqueue(this, false);
        }
      }
    }
  }
}
