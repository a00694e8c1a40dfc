package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import dev.picos.core.internal.Headroom;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One run of a scheduler, or one {@link Service}: starts, suspends and resumes fibers, as virtual
 * threads, in the order of a {@link Policy}, on one domain at a time; or on several, each with a
 * policy of its own.
 *
 * {@snippet :
 * public void run(Fiber fiber, Consumer<? super Fiber> main) {
 *   new Execution(new MyPolicy()).run(fiber, main);
 * }
 * }
 *
 * <p>A fiber has a true {@link Thread#currentThread}, thread locals, stack traces and interrupt
 * status of its own. When it waits for a JDK lock or in a blocking call, that parks the fiber and
 * not the domain. Several fibers may have the same {@code Thread}, one after another, which is
 * cleared of what each has left behind, unless {@linkplain #freshThreads fresh threads} are chosen.
 * A fiber that ends while it owns a JDK lock leaves the lock owned. One that leaves a {@code
 * StructuredTaskScope} open ends its thread with it; the JDK then closes the scope, and may still
 * be waiting for the threads in it when the run is over.
 *
 * <p>A fiber may block its carrier, as when it reads a file, or waits in a class initialiser or,
 * before JDK 24, inside {@code synchronized}. After some milliseconds another domain goes on with
 * the other fibers, and until the blocked fiber calls its next operation, it runs beside them; also
 * in an execution on one domain. At most {@code -Dpicos.domains.relief} domains (256 by default)
 * are taken for that at a time beyond the pool's. What keeps other fibers from running for longer
 * than half a second is logged.
 *
 * <p>Virtual threads that a fiber starts itself run on the JDK's own scheduler, and may outlive the
 * run, unless this {@linkplain #adoptsThreads adopts} them.
 */
public final class Execution {
  // For maintainers.
  //
  // Each domain that works for this execution has a seat, with the policy that it follows (see
  // Workers). Slices run in the threads of domains only (see Host), so one thread at a time uses
  // what belongs to a seat, and what a domain did on a seat before it left happens before what the
  // next one does there.
  //
  // The execution ends when it has been closed and no fiber is alive, or with the first exception
  // that escapes from a fiber of a run, or from a policy. Fibers that are alive after that never
  // run again: one that becomes ready is dropped, and hence stays suspended.
  //
  // Fibers from outside are counted in submitted. A thread that submits one counts it and then
  // reads closed; a domain that looks for the end reads closed and then adds up the counts. All of
  // these accesses are volatile. So if a fiber was accepted because closed was not set, every
  // domain that sees closed set counts that fiber. A fiber that is refused may have been counted
  // meanwhile, so the thread that takes the count back wakes the last domain to look again. It
  // takes it back in the part in which it has counted, so no sum is too small.
  //
  // A fiber that is handed over on behalf of one that is alive is counted in submitted, too, but
  // nobody has to look at closed for it: the execution cannot be over while the other one is alive.
  // The proof is by contradiction. Suppose that a fiber is alive, and that a domain finds the sum
  // of the starts equal to the sum of the ends.
  //
  // First, the domain has seen the start of each fiber whose end it has seen, because it reads the
  // ends first. The sums are equal, so it has seen the starts and the ends of the same fibers.
  // Secondly, for each fiber whose end it has seen, it has seen the start of every fiber that was
  // started by that fiber or on its behalf: such a start is counted before that fiber ends, and the
  // domain reads the starts after the ends. Hence, by induction from the first fiber on, it has
  // seen the starts, and therefore the ends, of all the fibers that there are. But the fiber that
  // is alive has not ended: a contradiction.

  private static final long TEN_MILLISECONDS = 10_000_000;

  private static final Trigger.Action<CompletableFuture<?>, Computation<?>> TELL =
      (trigger, over, end) -> {
        while (!over.isDone()) {
          try {
            if (end.peek() instanceof Outcome.Canceled<?> canceled) {
              over.completeExceptionally(canceled.reason());
            } else {
              over.complete(null);
            }
          } catch (OutOfMemoryError full) {
            waitForMemory(); // nobody else would try again
          }
        }
      };

  private final List<Seat> seats;
  private final boolean parallel;
  private final Workers workers;
  final Inbox inbox;
  private final AtomicReference<@Nullable Throwable> escaped = new AtomicReference<>();
  private final Stripes stripes;

  /** How many fibers were started from outside, in parts. */
  private final AtomicLongArray submitted;

  private final Computation<@Nullable Void> end = new Computation<>();
  private volatile boolean closed;

  /** The fibers that block, or have blocked, a domain that has been relieved of its seat. */
  private final Queue<Host> withoutSeat = new ConcurrentLinkedQueue<>();

  /** Whether all domains are to leave. Written by the workers, and read at every dispatch. */
  volatile boolean stopped;

  private @Nullable Timer timer;
  private @Nullable ClosedWorld world;
  private @Nullable Monitors monitors;
  private @Nullable Roster roster;
  private @Nullable Census census;
  private @Nullable Patience patience;
  private @Nullable Duration runTimeout;
  private @Nullable ClassLoader loader;
  private IntUnaryOperator random = bound -> ThreadLocalRandom.current().nextInt(bound);
  private boolean freshThreads;
  private boolean adoptsThreads;
  private boolean closesWorld;
  private boolean endsOnInterrupt;
  private @Nullable EventLoop loop;

  /** Why this cannot run at all, if so. */
  private volatile @Nullable Throwable refusal;

  private boolean begun;

  /**
   * Prepares an execution under {@code policy}, which serves no other, on one domain.
   *
   * @throws MissingFlagException if the JVM was not started with the flag that this needs
   * @throws UnsupportedJvmException if this JVM cannot do it with any flag
   */
  public Execution(Policy policy) {
    this(List.of(Objects.requireNonNull(policy, "policy")));
  }

  /**
   * Prepares an execution under {@code policies}, which serve no other, on as many domains as there
   * are policies. It begins with one and calls others in, as far as there are idle ones, when more
   * fibers are ready than it has domains; a domain that finds nothing to do for a moment goes back
   * to the pool.
   *
   * @throws IllegalArgumentException if there are no policies
   * @throws MissingFlagException if the JVM was not started with the flag that this needs
   * @throws UnsupportedJvmException if this JVM cannot do it with any flag
   */
  public Execution(List<? extends Policy> policies) {
    checkSupported();
    if (policies.isEmpty()) {
      throw new IllegalArgumentException("an execution needs at least one policy");
    }
    seats = Seat.all(this, policies);
    parallel = seats.size() > 1;
    workers = new Workers(this, seats);
    inbox = new Inbox(seats.size());
    stripes = Stripes.forThreads(seats.size());
    submitted = new AtomicLongArray(stripes.length());
  }

  /**
   * Finds out early, such as when a scheduler is built, whether an execution is possible.
   *
   * @throws MissingFlagException if the JVM was not started with the flag that this needs
   * @throws UnsupportedJvmException if this JVM cannot do it with any flag
   */
  public static void checkSupported() {
    VirtualThreads.get();
    HostLookup.ensureRegistered();
  }

  /** Chooses the clock for timeouts; the default is real time. */
  public Execution timer(Timer timer) {
    this.timer = Objects.requireNonNull(timer, "timer");
    return this;
  }

  /**
   * Chooses what {@link Fiber#random} gives in the fibers, for schedulers whose runs can be
   * repeated; the default is the JDK's {@link ThreadLocalRandom}.
   *
   * @param random takes the bound, as {@link SplittableRandom#nextInt(int)} does; it is called in
   *     fibers, by one domain at a time if the execution has one, and must neither block nor call
   *     operations
   */
  public Execution random(IntUnaryOperator random) {
    this.random = Objects.requireNonNull(random, "random");
    return this;
  }

  /**
   * Chooses whether every fiber gets a {@code Thread} of its own, for code that needs its identity.
   */
  public Execution freshThreads(boolean freshThreads) {
    this.freshThreads = freshThreads;
    return this;
  }

  /**
   * Chooses whether a virtual thread that a fiber makes and starts itself is a fiber of this
   * execution, too, as long as it lives: the policy decides when it runs, and {@link #run} waits
   * for it. By default such a thread runs on the JDK's own scheduler, and may outlive the run. On a
   * JVM that does not tell which thread is being started, it does so in any case.
   */
  public Execution adoptsThreads(boolean adopts) {
    adoptsThreads = adopts;
    return this;
  }

  boolean adoptsThreads() {
    return adoptsThreads;
  }

  /**
   * Declares that nothing but this execution's own fibers and timeouts wakes its fibers. When none
   * can run and no timeout is set, {@link #run} then throws instead of waiting for ever. Before
   * that, every await of a fiber ends as if the fiber were canceled, with that exception as the
   * reason, or throws it where cancelation is forbidden; so the fibers clean up and end. Those that
   * wait in the JDK are left behind.
   *
   * <p>A fiber that is in a timed wait of the JDK or in I/O, or that waits for another run, is not
   * taken for deadlocked; such a wait is logged, once for each place. A fiber that waits for a
   * thread is taken for deadlocked, even if a fiber has started that thread, unless the thread is
   * {@linkplain #adoptsThreads adopted}. Spawning takes longer in a closed world, since it records
   * where that happens.
   */
  public Execution closedWorld() {
    closesWorld = true;
    return this;
  }

  /**
   * Makes the order depend on the policy and the program alone, as far as that is possible: fibers
   * that wait to enter a monitor, or in {@link Object#wait}, are ready before the next dispatch
   * after they are let in. A fiber's timed wait of the JDK is logged, once for each place.
   *
   * <p>On several domains, the order is left to chance. There, this only ensures that a policy's
   * own time does not pass while a fiber that has been let in is on its way.
   */
  public Execution repeatable() {
    monitors = new Monitors(parallel);
    return this;
  }

  /**
   * Gives a run up that takes longer than {@code limit}, in real time: {@link #run} then throws an
   * {@link UnfinishedRunException}, which says what each fiber was doing. This is for tests that
   * hang. Spawning takes longer in such a run, since it records where that happens. What a fiber of
   * the run has started as a run of its own is given up with it.
   *
   * <p>By default the limit is what {@code -Dpicos.run.timeout} says, such as {@code 30s} or {@code
   * 5m}; without that there is none. A {@linkplain #start service} has no limit.
   *
   * @throws IllegalArgumentException if {@code limit} is not positive
   */
  public Execution runTimeout(Duration limit) {
    if (!limit.isPositive()) {
      throw new IllegalArgumentException("a run timeout must be positive: " + limit);
    }
    runTimeout = limit;
    return this;
  }

  /**
   * Chooses whether an interrupt of the thread that has called {@link #run}, which may be a fiber,
   * gives the run up, as {@link #runTimeout} does; also one that has come before the run. The
   * interrupt status is set again. By default the caller waits on, since it must not get ahead of
   * the fibers. This is for tests, which their framework may interrupt when they take too long. It
   * has no effect on a {@linkplain #start service}.
   */
  public Execution endsOnInterrupt(boolean ends) {
    endsOnInterrupt = ends;
    return this;
  }

  /**
   * Chooses an executor on whose thread all fibers run, in place of a domain of the pool. It has to
   * run its tasks on a platform thread outside of any monitor; if it runs them one at a time, the
   * fibers and its other tasks never run at the same time.
   *
   * <p>One task of this execution at a time is with the executor. The task runs fibers for about a
   * millisecond, or until none is ready, and the executor gets another one when there is more to
   * do. If it refuses a task, the pool goes on with the fibers. An executor may also drop a task
   * that it has accepted; whether it takes any is tried now and then while a task is overdue.
   *
   * <p>A fiber that blocks its carrier blocks the executor's thread, since no other may take over.
   * So does one that waits inside {@code synchronized} before JDK 24, and one whose stack is too
   * deep to be moved away. An interrupt of the executor's thread while a fiber runs on it is lost.
   *
   * <p>{@link #start} or {@link #run} throws whatever the executor throws at the first task. If the
   * executor runs that in a virtual thread, or before {@link Executor#execute} returns, the
   * execution ends with an {@link IllegalStateException}, and no fiber has begun. The thread of the
   * executor must not call {@link #run}, which would wait for itself.
   *
   * @throws IllegalStateException if this execution has several policies
   */
  public Execution on(Executor executor) {
    Objects.requireNonNull(executor, "executor");
    if (parallel) {
      throw new IllegalStateException("an executor can run an execution that has one policy");
    }
    loop = workers.workOn(executor);
    return this;
  }

  /**
   * Runs {@code main} as {@code fiber}, and returns when it and every fiber that it spawned have
   * ended. The caller is suspended meanwhile, and nothing runs on its stack. This may be called
   * from any thread or fiber.
   *
   * <p>If memory runs out, this throws an {@link OutOfMemoryError} only as long as no fiber runs.
   * Later, what needs memory and must not fail waits for it: the wake-up of a fiber, the start of
   * one that has been spawned, and the exception of a run that has failed.
   *
   * @throws FatalFiberError if an exception leaves the {@code main} of any fiber
   * @throws DeadlockException if the fibers are in a deadlock, in a {@linkplain #closedWorld closed
   *     world}
   * @throws UnfinishedRunException if the run has been given up, because of its {@linkplain
   *     #runTimeout timeout} or an {@linkplain #endsOnInterrupt interrupt}
   * @throws IllegalStateException if this execution has been begun before
   * @throws IllegalArgumentException if {@code -Dpicos.run.timeout} is no time
   */
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    begin();
    Patience patience = newPatience();
    closeWorld();
    if (patience == null) {
      begin(fiber, main);
      awaitEnd();
    } else {
      this.patience = patience;
      roster = patience.roster();
      patience.begin();
      try {
        begin(fiber, main);
        patience.awaitEnd();
      } finally {
        patience.over();
      }
    }
    end.check();
  }

  /**
   * Starts {@code main} as {@code fiber}, as {@link #run} does, and returns at once. The stage is
   * completed when the fiber and every fiber that it spawned have ended, or exceptionally with what
   * {@link #run} would throw; in the thread of a domain, so functions that depend on it must not
   * wait. They get an exception as the cause of a {@link java.util.concurrent.CompletionException}.
   * Such a run has no timeout, and no interrupt ends it.
   *
   * @throws IllegalStateException if this execution has been begun before
   * @throws OutOfMemoryError if no domain could be had
   */
  public CompletionStage<@Nullable Void> start(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    begin();
    closeWorld();
    CompletableFuture<@Nullable Void> over = new CompletableFuture<>();
    boolean attached = end.tryAttach(Trigger.fromAction(over, end, TELL));
    assert attached;
    begin(fiber, main);
    return over.minimalCompletionStage();
  }

  private void begin(Fiber fiber, Consumer<? super Fiber> main) {
    submitted.incrementAndGet(stripes.ownPlace());
    closed = true;
    spawning(fiber);
    inbox.add(new Start(fiber, main));
    workers.start();
  }

  private @Nullable Patience newPatience() {
    Duration limit = runTimeout == null ? Patience.limitOfAllRuns() : runTimeout;
    Seat caller = Seat.current();
    Patience surrounding = caller == null ? null : caller.execution.patience;
    if (limit == null && !endsOnInterrupt && surrounding == null) {
      return null;
    }
    Census fibers = new Census(limit != null || closesWorld);
    census = fibers;
    return new Patience(this, end, fibers, limit, endsOnInterrupt, surrounding);
  }

  /**
   * Begins this execution without a fiber, as a service that takes work from any thread. This may
   * be called from any thread or fiber.
   *
   * @throws IllegalStateException if this execution has been begun before, or its world is closed
   * @throws OutOfMemoryError if the pool has not been started yet and cannot be
   */
  public Service start() {
    if (closesWorld) {
      throw new IllegalStateException("a service takes work from outside of a closed world");
    }
    begin();
    Service service = new Service(this, end);
    roster = service.roster();
    workers.startAsleep();
    return service;
  }

  /**
   * Waits until this is over. Where there is no memory to wait with, this tries again: the fibers
   * run in any case, and the caller must not get ahead of them.
   */
  private void awaitEnd() {
    while (end.isRunning()) {
      try {
        Fiber.current().runForbiddingCancelation(end::join);
      } catch (OutOfMemoryError full) {
        Thread.onSpinWait();
      }
    }
  }

  private void begin() {
    if (begun) {
      throw new IllegalStateException("an execution runs once");
    }
    begun = true;
    loader = Thread.currentThread().getContextClassLoader();
  }

  private void closeWorld() {
    if (closesWorld) {
      PendingTimer pending = timer == null ? new PendingTimer(workers::lookAgain) : null;
      if (pending != null) {
        timer = pending;
      }
      Census fibers = census == null ? new Census(true) : census;
      census = fibers;
      world = new ClosedWorld(fibers, toString(), pending);
    }
  }

  /**
   * Starts a fiber from any thread; returns {@code false} if this has been closed or has failed.
   */
  boolean trySubmit(Fiber fiber, Consumer<? super Fiber> main) {
    return trySubmit(new Start(fiber, main));
  }

  /** About how many fibers were started from outside, by the calling thread among others. */
  int submissions() {
    return (int) submitted.get(stripes.ownPlace());
  }

  private boolean trySubmit(Ready start) {
    Headroom.requireToHold(); // or the count might be wrong, or a domain called that never comes
    int place = stripes.ownPlace();
    submitted.incrementAndGet(place);
    boolean accepted = false;
    try {
      if (!closed && !stopped) {
        inbox.add(start);
        accepted = true;
      }
    } finally {
      if (!accepted) {
        submitted.decrementAndGet(place);
        workers.wake(); // a domain that looked meanwhile counted one too many
      }
    }
    if (accepted) {
      workers.callOneMore();
    }
    return accepted;
  }

  /**
   * Starts a fiber from any thread on behalf of a fiber of this execution, which does not end
   * before this returns. If this has been stopped, the fiber is dropped, like those that become
   * ready.
   *
   * @throws OutOfMemoryError if there is no memory for the fiber, which has not been started then
   */
  void spawnFromOutside(Fiber fiber, Consumer<? super Fiber> main) {
    Start start = new Start(fiber, main);
    boolean accepted = false;
    try {
      spawning(fiber);
      handOver(start);
      accepted = true;
    } finally {
      if (!accepted) {
        ended(fiber);
        workers.lookAgain(); // a domain that looked meanwhile took the fiber for one that is alive
      }
    }
  }

  private void handOver(Ready start) {
    int place = stripes.ownPlace();
    submitted.incrementAndGet(place);
    boolean accepted = false;
    try {
      if (!stopped) {
        inbox.add(start);
      }
      accepted = true;
    } finally {
      if (!accepted) {
        submitted.decrementAndGet(place); // after that, the caller has a domain look again
      }
    }
    workers.callOneMore();
  }

  /**
   * Starts a guest, in the thread that starts the guest's.
   *
   * @throws RejectedExecutionException if this takes no more fibers, from outside at least
   */
  void start(Guest guest) {
    Fiber fiber = guest.fiber();
    boolean accepted = false;
    try {
      spawning(fiber);
      begun(fiber, guest);
      starting(fiber, guest.thread);
      accepted = tryStart(guest, HostLookup.ofCurrentThread());
    } finally {
      if (!accepted) {
        left(guest);
        ended(fiber);
        workers.lookAgain(); // a domain that looked meanwhile took the fiber for one that is alive
      }
    }
    if (!accepted) {
      throw rejection(
          this,
          "a thread of "
              + this
              + " has to be started before its service is closed, or by a fiber of its run");
    }
  }

  private boolean tryStart(Guest guest, @Nullable Host starter) {
    if (starter == null || starter.execution() != this) {
      return trySubmit(guest);
    }
    if (stopped) {
      return false;
    }
    Seat seat = starter.heldSeat();
    if (seat != null) {
      spawn(guest, seat);
    } else {
      handOver(guest);
    }
    return true;
  }

  /**
   * Says why a fiber from outside was not accepted.
   *
   * @param refusing what has failed, if it has
   * @param otherwise what to say if it has not
   */
  RejectedExecutionException rejection(Object refusing, String otherwise) {
    Throwable failure = failure();
    return failure == null
        ? new RejectedExecutionException(otherwise)
        : new RejectedExecutionException(refusing + " has failed", failure);
  }

  /** Takes no more fibers from outside, and ends when none is alive. */
  void close() {
    closed = true;
    workers.wake();
  }

  /** Makes every domain leave at its next dispatch; what is alive then is left behind. */
  void stop() {
    workers.stop();
  }

  /** Refuses {@code operation} in a fiber of this execution. */
  void checkOutside(String operation) {
    Seat here = Seat.current();
    if (here != null && here.execution == this) {
      throw new IllegalStateException(
          operation + "() in a fiber of " + this + " would wait for its own end");
    }
  }

  /** What this has failed with, if it has. */
  @Nullable Throwable failure() {
    return escaped.get();
  }

  /** Whether no fiber is alive, and hence none ever will be. */
  boolean isOver() {
    return closed && alive() == 0;
  }

  /** Whether those who wait for the end have been told. */
  boolean hasEnded() {
    return !end.isRunning();
  }

  /** Stops this execution, which has run nothing, and cannot. */
  void refuse(Throwable cause) {
    refusal = cause;
    fail(cause);
  }

  /** The seat on which the calling platform thread, which is in a slice, runs. */
  @Nullable Seat seatOfCaller() {
    Seat onLoop = loop == null ? null : loop.seatOfCaller();
    return onLoop == null ? Seat.current() : onLoop;
  }

  /** A seat by which one can tell that something belongs to this execution. */
  Seat anySeat() {
    return seats.get(0);
  }

  /** How many fibers are alive. The result is never 0 while any is. */
  long alive() {
    long ended = 0;
    for (int i = 0; i < seats.size(); i++) {
      ended += seats.get(i).ended();
    }
    long started = 0;
    for (int i = 0; i < seats.size(); i++) {
      started += seats.get(i).started();
    }
    for (int i = 0; i < stripes.count(); i++) {
      started += submitted.get(stripes.place(i));
    }
    return started - ended;
  }

  /**
   * Called when the last domain has left. Nobody else tells those who wait for the end, so without
   * memory for what they are told, this waits for memory.
   */
  void end() {
    if (alive() > 0) {
      abandonHosts();
    }
    for (; ; ) {
      try {
        tryEnd();
        return;
      } catch (OutOfMemoryError full) {
        waitForMemory();
      }
    }
  }

  private void abandonHosts() {
    try {
      Host.abandon(this);
    } catch (Throwable failed) {
      // such as for lack of memory; nothing depends on it
    }
  }

  private void tryEnd() {
    Throwable cause = escaped.get();
    DeadlockException deadlock = deadlock();
    if (deadlock != null) {
      Outcome<@Nullable Void> outcome = new Outcome.Canceled<>(deadlock);
      if (cause != null) {
        deadlock.addSuppressed(cause); // the last thing that may fail, so it is done once
      }
      end.tryComplete(outcome);
    } else if (cause == null) {
      end.tryReturn(null);
    } else if (cause == refusal) {
      end.tryCancel(cause);
    } else {
      end.tryCancel(new FatalFiberError(cause, alive(), toString()));
    }
  }

  /**
   * Stops this execution because of what escaped from a fiber, or from a policy. Takes no memory
   * that it cannot do without.
   */
  void fail(Throwable thrown) {
    if (thrown == deadlock() || (patience != null && thrown == patience.givenUp())) {
      return; // the fiber unwinds
    }
    boolean isFirst = escaped.compareAndSet(null, thrown);
    workers.stop();
    Throwable earlier = escaped.get();
    if (!isFirst && earlier != null && earlier != thrown) {
      try {
        earlier.addSuppressed(thrown);
      } catch (OutOfMemoryError full) {
        // The first one is reported nonetheless.
      }
    }
  }

  /**
   * Takes a fiber that is ready. The JVM calls this in any thread, so it must not throw.
   *
   * @param here the seat on which the caller runs, if it runs in an execution
   */
  void ready(Ready fiber, @Nullable Seat here) {
    while (!stopped) {
      try {
        if (here == null || here.execution != this) {
          inbox.addWoken(fiber);
          workers.callOneMore();
        } else {
          add(fiber, here);
        }
        return;
      } catch (OutOfMemoryError e) {
        waitForMemory(); // nobody else will try again
      } catch (StackOverflowError e) {
        if (here != null && here.execution == this) {
          // The stack is the caller's. The domain queues the fiber when it is back on its own; to
          // leave the fiber there takes no call, and hence no stack.
          fiber.below = null;
          Ready last = here.late;
          if (last == null) {
            here.late = fiber;
            return;
          }
          while (last.below != null) {
            last = last.below;
          }
          last.below = fiber;
          return;
        }
        fail(e); // rather than lose the fiber in silence
      } catch (Throwable defect) {
        fail(defect);
      }
    }
  }

  /**
   * Queues what there was no stack or no memory to queue. If there is no memory now, what is left
   * stays there: the fibers that run meanwhile may give some back. Called in the domain's thread.
   */
  void readyLate(Seat seat) {
    try {
      queueLate(seat);
      if (parallel) {
        callOneMore(seat);
      }
    } catch (OutOfMemoryError full) {
      waitForMemory();
    } catch (Throwable defect) {
      fail(defect);
    }
  }

  /** Queues what is late, the oldest first. A fiber for which that fails is late still. */
  private static void queueLate(Seat seat) {
    for (Ready fiber = seat.late; fiber != null; fiber = seat.late) {
      Ready below = fiber.below;
      boolean queued = false;
      seat.late = below;
      fiber.below = null;
      try {
        seat.policy.ready(fiber, fiber.goesFirst());
        queued = true;
      } finally {
        if (!queued) {
          fiber.below = below;
          seat.late = fiber;
        }
      }
    }
  }

  /**
   * Called in platform threads, or where a virtual thread is pinned. Like all that is done for lack
   * of memory, this must not make the JVM load or link for the first time what takes memory, such
   * as a further class or the invocation of a handle.
   */
  static void waitForMemory() {
    LockSupport.parkNanos(TEN_MILLISECONDS);
  }

  private void add(Ready fiber, Seat seat) {
    queueLate(seat); // what was ready before stays before
    if (!isLetIntoMonitors()) {
      inbox.emptyInto(seat);
    }
    seat.policy.ready(fiber, fiber.goesFirst());
    if (parallel) {
      callOneMore(seat);
    }
  }

  /** By now the fiber is queued, so what goes wrong here must not look as if it were not. */
  private void callOneMore(Seat seat) {
    try {
      if (workers.mayCallOneMore() && seat.policy.available() > 1) {
        workers.callOneMore();
      }
    } catch (StackOverflowError e) {
      // The beat finds out that fibers wait.
    }
  }

  // What can be repeated.

  @Nullable Monitors monitors() {
    return monitors;
  }

  /** Whether a fiber that has been let into a monitor may yet become ready. */
  private boolean isLetIntoMonitors() {
    return monitors != null && !parallel && !monitors.isEmpty();
  }

  /** Whether there is something to run on any domain. No other domain is running meanwhile. */
  boolean isAnyReady(Seat seat) {
    if (parallel && monitors != null && isEmpty(seat)) {
      monitors.awaitReleased();
    }
    return !isEmpty(seat);
  }

  // Domains that are blocked.

  /** Called at each look of the pool at a domain that works here. */
  void look() {
    workers.lookOnce();
  }

  /** Whether there is a fiber that a further domain could run. */
  boolean areFibersWaiting() {
    return workers.areFibersWaiting();
  }

  /** Whether the order is to depend on the policy and the program alone. */
  boolean isRepeatable() {
    return monitors != null;
  }

  /** Called when the fiber is about to lose its seat to another domain. */
  void losesSeat(Host host) {
    withoutSeat.add(host);
  }

  /** Called when the fiber has left its carrier, or has not lost the seat after all. */
  void isBack(Host host) {
    withoutSeat.remove(host); // one of several, perhaps
    blocksStill();
  }

  /** Called now and then while a fiber blocks a domain that has been relieved. */
  void blocksStill() {
    if (world != null || isRepeatable()) {
      workers.lookAgain(); // what it does now, or waits for now, may make a difference
    }
  }

  /** Makes {@code here} go on with a seat that it has taken over. */
  void relieve(Domain here, Seat seat) {
    workers.relieve(here, seat);
  }

  /**
   * Whether every fiber that has lost its seat waits. While one goes on, no time passes, and there
   * is no deadlock.
   */
  boolean doAllWithoutSeatWait() {
    for (Host host : withoutSeat) {
      if (!host.isSuspended()) {
        return false;
      }
    }
    return true;
  }

  // The fibers that are alive, where somebody may want to know about them, and the closed world.

  private @Nullable DeadlockException deadlock() {
    return world == null ? null : world.deadlock();
  }

  /** Called when a fiber is about to be spawned. */
  void spawning(Fiber fiber) {
    if (census != null) {
      census.spawning(fiber);
    }
  }

  /** Called when a host has been given a fiber. */
  void begun(Fiber fiber, Host host) {
    if (census != null) {
      census.begun(fiber, host);
    }
    if (roster != null) {
      roster.begun(fiber, host);
    }
  }

  // What may be stopped by force: a service, or a run that may be given up.

  /** Called in the thread of a fiber that is about to start. */
  void starting(Fiber fiber, Thread thread) {
    if (roster != null) {
      roster.starting(fiber, thread);
    }
  }

  /** Called by a host that has no fiber of this execution any more. */
  void left(Host host) {
    if (roster != null) {
      roster.left(host);
    }
  }

  /** Called with what has left the main of a fiber: it ends a run, but not a service. */
  void escaped(Throwable thrown) {
    if (roster == null) {
      fail(thrown);
    } else {
      roster.uncaught(thrown);
    }
  }

  // The fibers that are alive, continued.

  /** Called when the fiber has ended, or has not been spawned after all. */
  void ended(Fiber fiber) {
    if (census != null) {
      census.ended(fiber);
    }
  }

  /** Returns what a fiber that was woken without a signal is to throw; {@code null} if nothing. */
  @Nullable DeadlockException unwinding(Fiber fiber) {
    return world != null && world.unwinds(fiber) ? world.deadlock() : null;
  }

  /**
   * Called when nothing is ready on any domain and time does not pass. Returns whether to look
   * again.
   */
  boolean unwindsDeadlock(Seat seat) {
    if (world == null || isOver() || !isEmpty(seat)) {
      return false;
    }
    return switch (world.look()) {
      case WAIT -> false;
      case AGAIN -> true;
      case GIVE_UP -> {
        workers.stop();
        yield true;
      }
    };
  }

  void spawn(Ready start, Seat seat) {
    seat.countStarted(1); // before another domain can run it
    try {
      add(start, seat);
    } catch (Throwable thrown) {
      notStarted(start.fiber(), seat, thrown);
    }
  }

  private void notStarted(Fiber fiber, Seat seat, Throwable thrown) {
    seat.countStarted(-1);
    ended(fiber);
    if (thrown instanceof OutOfMemoryError || thrown instanceof StackOverflowError) {
      throw (VirtualMachineError) thrown; // and that is all
    }
    fail(thrown);
  }

  void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    Timer chosen = timer == null ? WheelTimer.shared() : timer;
    chosen.cancelAfter(computation, delay, reason);
  }

  int random(int bound) {
    return random.applyAsInt(bound);
  }

  boolean spend(Policy.Operation operation, Seat seat) {
    try {
      return seat.policy.spend(operation);
    } catch (Throwable defect) {
      fail(defect);
      return true;
    }
  }

  /** Whether a fiber that yields on {@code seat} may as well go on. */
  boolean mayContinue(Seat seat) {
    try {
      return isEmpty(seat) && !isLetIntoMonitors() && !stopped && !seat.domain().isRecalled();
    } catch (Throwable defect) {
      fail(defect);
      return false;
    }
  }

  /** What runs next on a seat, or {@code null} if there is nothing at present. */
  @Nullable Ready next(Seat seat) {
    if (seat.late == null && (isLetIntoMonitors() || looksOutside(seat))) {
      takeIn(seat);
    }
    return seat.policy.next();
  }

  private boolean looksOutside(Seat seat) {
    return !inbox.isEmpty() && (inbox.isUrgent() || seat.looksOutside());
  }

  private void takeIn(Seat seat) {
    Monitors released = isLetIntoMonitors() ? monitors : null;
    if (released != null) {
      released.awaitReleased();
    }
    try {
      inbox.emptyInto(seat, released);
    } catch (OutOfMemoryError full) {
      waitForMemory(); // what is left is late
    }
  }

  /** Whether there is nothing to run at present for the domain that has that seat. */
  boolean isEmpty(Seat seat) {
    return inbox.isEmpty() && seat.late == null && seat.policy.isEmpty();
  }

  /** What runs after a fiber that has ended; {@code null} if the domain has to decide. */
  @Nullable Ready nextAfter(Seat seat) {
    if (freshThreads
        || stopped
        || seat.late != null
        || isLetIntoMonitors()
        || seat.domain().isRecalled()) {
      return null;
    }
    try {
      if (looksOutside(seat)) {
        inbox.emptyInto(seat);
      }
      return seat.policy.next();
    } catch (OutOfMemoryError e) {
      return null; // waiting here, on the stack of a host, would bring it to another domain
    } catch (Throwable defect) {
      fail(defect);
      return null;
    }
  }

  boolean reusesHosts() {
    return !freshThreads && (roster == null || !roster.isForced());
  }

  /** The context class loader for fibers: that of the caller of {@link #run}. */
  @Nullable ClassLoader loader() {
    return loader;
  }

  /** Names the policy. */
  @Override
  public String toString() {
    return seats.get(0).policy.toString();
  }
}
