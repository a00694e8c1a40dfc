package dev.picos.domains;

import dev.picos.core.internal.Headroom;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An executor of the program on whose thread the fibers of one execution run, in place of a domain
 * of the pool. If the executor takes no more tasks, the pool takes over.
 */
final class EventLoop implements Runnable, BooleanSupplier {
  // For maintainers.
  //
  // The execution has one seat, so it calls a domain in only while it has none, or on behalf of the
  // domain that it has and that is about to leave. Hence there is one call at a time. The field
  // isCalled is set from the call until somebody answers it, which takes a compare-and-set: a task
  // of the executor, or a domain of the pool if the executor refused the task. So the call is
  // answered once, even if the executor has been given several tasks for it, or throws although it
  // keeps the task. A task that finds no call does nothing.
  //
  // The domain here is nobody's thread: whoever answers is that domain meanwhile. One call may be
  // answered while the task of the one before is about to return, if the executor has several
  // threads. So the domain is taken and given back by isInUse, whose accesses are volatile; the
  // next user sees what the one before did.
  //
  // An executor that is shut down may drop tasks that it has accepted. Nobody tells us. So an alarm
  // goes off when a call has not been answered for long, and the executor is given one more task:
  // if it throws, the pool answers. The times between these attempts double, as an executor that is
  // only busy keeps the tasks.
  //
  // The thread that calls may be in the middle of anything. It may not wait for memory for a task,
  // and may not lose the call; so if there is no memory, or no stack, a domain of the pool gives
  // the executor its task, and tries that until there is memory. What asks a domain of the pool is
  // one object, the relay, which must not be in the pool's queue twice: a call may have been
  // answered, and the next one made, while it is there. So isRelayed is set before it is queued,
  // and cleared when it runs, before it looks whether there is a call. Whoever finds it set has
  // made the call before, so the relay sees that.

  /** For how long fibers run before the other tasks of the executor have their turn. */
  private static final long QUANTUM = 1_000_000;

  private static final Duration FIRST_ATTEMPT = Duration.ofSeconds(1);
  private static final Duration LAST_ATTEMPT = Duration.ofMinutes(1);

  private final Execution execution;
  private final Executor executor;
  private final DomainTask task;
  private final Domain here = new Domain(null, -1, domain -> {});

  /**
   * Made in advance: a call that has been taken must be answered, also where there is no memory.
   */
  private final Domain.Loan loan = here.loan(this);

  private final Calls.Call relay = new Relay();
  private final AtomicBoolean isRelayed = new AtomicBoolean();
  private final AtomicBoolean isCalled = new AtomicBoolean();
  private final AtomicBoolean isInUse = new AtomicBoolean();
  private final AtomicInteger calls = new AtomicInteger();

  /** Whether the executor has refused a task. It gets no further ones. */
  private volatile boolean isClosed;

  /** Whether a task has been run where it is to run. */
  private volatile boolean hasRun;

  /** The thread that is just giving the executor a task. */
  private volatile @Nullable Thread submitter;

  /** What a task has found that was run by its submitter, whom the executor may not tell. */
  private volatile @Nullable IllegalStateException atOnce;

  /** The thread that runs fibers at present. */
  private volatile @Nullable Thread runner;

  private final Alarm alarm = new Alarm(this::look);

  // For the one who looks.
  private int callsBefore;
  private Duration pause = FIRST_ATTEMPT;

  EventLoop(Execution execution, Executor executor, DomainTask task) {
    this.execution = execution;
    this.executor = executor;
    this.task = task;
  }

  /** What a domain of the pool does about a call that the executor could not be told of. */
  private final class Relay extends Calls.Call {
    @Override
    public void run(Domain domain) {
      isRelayed.set(false);
      while (isCalled.get()) {
        try {
          if (giveTaskOrAnswer(domain)) {
            setAlarm();
          }
          return;
        } catch (OutOfMemoryError full) {
          Execution.waitForMemory();
        }
      }
    }

    @Override
    public String toString() {
      return execution.toString();
    }
  }

  /**
   * Gives the executor the first task.
   *
   * @throws java.util.concurrent.RejectedExecutionException if the executor takes no tasks, or
   *     whatever it throws; nothing will run then
   * @throws OutOfMemoryError if the pool, which may have to take over, has not been started yet and
   *     cannot be; nothing will run then
   */
  void start() {
    JdkPollers.start();
    Domains.shared().ensureStarted();
    isCalled.set(true);
    try {
      submit();
    } catch (Throwable refused) {
      if (isCalled.compareAndSet(true, false)) { // else it has kept the task nonetheless
        throw refused;
      }
    }
    setAlarm();
  }

  /** Brings the execution a domain: the thread of the executor, or else one of the pool. */
  void call() {
    isNeeded();
    boolean isGiven = false;
    try {
      isGiven = !isClosed && giveTask();
    } catch (OutOfMemoryError | StackOverflowError notNow) {
      // The pool tries again.
    }
    if (isGiven) {
      setAlarm();
    } else {
      callPool();
    }
  }

  /** Notes that there is a call to be answered. */
  void isNeeded() {
    calls.getAndIncrement();
    isCalled.set(true);
  }

  private void callPool() {
    if (isRelayed.compareAndSet(false, true)) {
      boolean isQueued = false;
      try {
        Domains.shared().call(relay);
        isQueued = true;
      } finally {
        if (!isQueued) {
          isRelayed.set(false);
        }
      }
    }
  }

  /** Gives the executor a task; returns {@code false} if it takes none any more. */
  private boolean giveTask() {
    try {
      submit();
      return true;
    } catch (OutOfMemoryError | StackOverflowError notNow) {
      throw notNow;
    } catch (Throwable refused) {
      isClosed = true;
      return false;
    }
  }

  private void submit() {
    submitter = Thread.currentThread();
    try {
      executor.execute(this);
    } finally {
      submitter = null;
    }
    IllegalStateException swallowed = atOnce;
    if (swallowed != null) {
      throw swallowed;
    }
  }

  /** Answers the call, if there is one, as a task of the executor. */
  @Override
  public void run() {
    Thread thread = Thread.currentThread();
    if (thread == submitter) {
      IllegalStateException defect =
          defect("it runs a task before execute() returns, in the thread that has called that");
      atOnce = defect;
      throw defect;
    }
    if (thread.isVirtual()) {
      IllegalStateException defect = defect("it runs tasks in virtual threads");
      isClosed = true;
      callPool();
      throw defect;
    }
    Headroom.requireForScope(); // else the executor gets another task after a while
    if (!isCalled.compareAndSet(true, false)) {
      return;
    }
    hasRun = true;
    takeDomain();
    boolean interrupted = Thread.interrupted(); // which is not meant for a fiber
    try {
      runner = thread;
      here.lend(loan, task);
    } finally {
      runner = null;
      giveDomainBack();
      if (interrupted) {
        thread.interrupt();
      }
    }
  }

  /** Ends the execution if it has not begun; else the pool goes on with it. */
  private IllegalStateException defect(String what) {
    IllegalStateException defect =
        new IllegalStateException(executor + " cannot run fibers: " + what);
    if (!hasRun) {
      execution.refuse(defect);
    }
    return defect;
  }

  /** Gives the executor a task; if it takes none, {@code domain} answers. Returns which it was. */
  private boolean giveTaskOrAnswer(Domain domain) {
    if (!isClosed && giveTask()) {
      return true;
    }
    answerOnPool(domain);
    return false;
  }

  /** Answers the call in a domain of the pool. */
  private void answerOnPool(Domain domain) {
    if (isCalled.compareAndSet(true, false)) {
      takeDomain();
      endHosts();
      isInUse.set(false);
      task.run(domain);
    }
  }

  /** Whether the fibers are to make room for the other tasks of the executor. */
  @Override
  public boolean getAsBoolean() {
    return here.isFreeFor(QUANTUM);
  }

  private void takeDomain() {
    while (!isInUse.compareAndSet(false, true)) {
      Thread.onSpinWait();
    }
  }

  private void giveDomainBack() {
    if (isClosed || execution.hasEnded()) {
      endHosts();
    }
    isInUse.set(false);
  }

  private void endHosts() {
    here.leaveThread();
  }

  /** The seat of the execution, if it is the calling thread, of the executor, that has it. */
  @Nullable Seat seatOfCaller() {
    return runner == Thread.currentThread() ? Hosts.seatOf(here) : null;
  }

  // Tasks that are lost.

  private void setAlarm() {
    if (!alarm.isSet()) {
      WheelTimer.setIfPossible(alarm, FIRST_ATTEMPT);
    }
  }

  private void look() {
    if (!isCalled.get() || isClosed) {
      pause = FIRST_ATTEMPT;
      return;
    }
    int callsNow = calls.get();
    if (callsNow == callsBefore) {
      Duration longer = pause.multipliedBy(2);
      pause = longer.compareTo(LAST_ATTEMPT) < 0 ? longer : LAST_ATTEMPT;
      tryAgain();
    } else {
      callsBefore = callsNow;
      pause = FIRST_ATTEMPT;
    }
    WheelTimer.setIfPossible(alarm, pause);
  }

  /** Has a domain of the pool give the executor one more task for the same call. */
  private void tryAgain() {
    try {
      Domains.shared().spawn(this::tryAgain);
    } catch (OutOfMemoryError full) {
      // The next look tries again.
    }
  }

  private void tryAgain(Domain domain) {
    try {
      boolean unused = giveTaskOrAnswer(domain);
    } catch (OutOfMemoryError full) {
      // likewise
    }
  }
}
