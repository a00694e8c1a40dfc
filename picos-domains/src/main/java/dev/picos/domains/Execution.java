package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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
 * status of its own, and a JDK lock or blocking call that it makes parks the fiber and not the
 * domain. Several fibers one after another may have the same {@code Thread}, which is cleared of
 * what each has left behind, unless {@linkplain #freshThreads asked for} otherwise. A fiber that
 * ends owning a JDK lock leaves it owned.
 *
 * <p>Before JDK 24 a fiber that awaits, parks or blocks inside {@code synchronized} keeps its
 * domain from running other fibers until it continues.
 *
 * <p>Virtual threads that a fiber starts itself run on the JDK's own scheduler, and may outlive the
 * run.
 */
public final class Execution {
  // For maintainers.
  //
  // Each domain that works for this execution has a seat, with the policy that it follows (see
  // Workers). Slices run in the threads of domains only (see Host), so what belongs to a seat is
  // used by one thread at a time, and leaving a seat and taking it orders everything.
  //
  // It ends when it has been closed and no fiber is alive, or with the first exception that escapes
  // from a fiber. Fibers that are alive after that are never run again: what becomes ready is
  // dropped, and hence stays suspended.
  //
  // Fibers from outside count in submitted. Whoever submits one counts it and then reads closed;
  // whoever looks for the end reads closed and then counts. All of these are volatile: a fiber that
  // was accepted, with closed unset, is counted by those who see closed set. One that is refused
  // may have been counted meanwhile, so whoever takes it back wakes the last domain to look again.

  private final List<Seat> seats;
  private final boolean parallel;
  private final Workers workers;
  final Inbox inbox = new Inbox();
  private final AtomicReference<@Nullable Throwable> escaped = new AtomicReference<>();
  private final AtomicLong submitted = new AtomicLong();
  private final Computation<@Nullable Void> end = new Computation<>();
  private volatile boolean closed;

  /** Whether all domains are to leave. Written by the workers, and read at every dispatch. */
  volatile boolean stopped;

  private @Nullable Timer timer;
  private @Nullable ClosedWorld world;
  private @Nullable Monitors monitors;
  private @Nullable ClassLoader loader;
  private IntUnaryOperator random = bound -> ThreadLocalRandom.current().nextInt(bound);
  private boolean freshThreads;
  private boolean closesWorld;
  private boolean begun;

  /**
   * Prepares an execution under {@code policy}, which serves no other, on one domain.
   *
   * @throws MissingFlagException if the JVM was not started with the flag that this needs
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
   */
  public Execution(List<? extends Policy> policies) {
    checkSupported();
    if (policies.isEmpty()) {
      throw new IllegalArgumentException("an execution needs at least one policy");
    }
    seats = policies.stream().map(policy -> new Seat(this, policy)).toList();
    parallel = seats.size() > 1;
    workers = new Workers(this, seats);
  }

  /**
   * Finds out early, such as when a scheduler is built, whether an execution is possible.
   *
   * @throws MissingFlagException if the JVM was not started with the flag that this needs
   */
  public static void checkSupported() {
    VirtualThreads.get();
    HostLookup.ensureRegistered();
  }

  /** Chooses the clock for timeouts; real time when nobody chooses. */
  public Execution timer(Timer timer) {
    this.timer = Objects.requireNonNull(timer, "timer");
    return this;
  }

  /**
   * Chooses what {@link Fiber#random} gives in the fibers, for schedulers whose runs can be
   * repeated; the JDK's {@link ThreadLocalRandom} when nobody chooses.
   *
   * @param random takes the bound, as {@link SplittableRandom#nextInt(int)}; called in fibers, by
   *     one domain at a time if the execution has one. Must neither block nor call operations
   */
  public Execution random(IntUnaryOperator random) {
    this.random = Objects.requireNonNull(random, "random");
    return this;
  }

  /**
   * Chooses whether every fiber gets a {@code Thread} of its own, for those who need its identity.
   */
  public Execution freshThreads(boolean freshThreads) {
    this.freshThreads = freshThreads;
    return this;
  }

  /**
   * Declares that nothing but this execution's own fibers and timeouts wakes its fibers. When none
   * can run and no timeout is set, {@link #run} then throws, and does not wait for ever. Before
   * that, every await of a fiber ends as if the fiber were canceled, with that exception as the
   * reason, or throws it where cancelation is forbidden: so the fibers clean up and end. Those that
   * wait in the JDK are left behind.
   *
   * <p>It is not taken for a deadlock that a fiber is in a timed wait of the JDK or in I/O, or
   * waits for another run; this is logged, once for each place. A fiber that waits for a thread is
   * taken for deadlocked, even if a fiber has started that thread. Spawning takes longer in a
   * closed world, since it notes where.
   */
  public Execution closedWorld() {
    closesWorld = true;
    return this;
  }

  /**
   * Makes the order depend on the policy and the program alone, as far as that is possible: fibers
   * that wait to enter a monitor, or in {@link Object#wait}, are ready before the next dispatch
   * after they are let in. It is logged where a fiber waits in a timed wait of the JDK, once for
   * each place.
   *
   * <p>On several domains the order is by chance. What is left of this there is that a policy's own
   * time does not pass while a fiber that has been let in is on its way.
   */
  public Execution repeatable() {
    monitors = new Monitors(parallel);
    return this;
  }

  /**
   * Runs {@code main} as {@code fiber}, and returns when it and every fiber that it spawned have
   * ended. The caller is suspended meanwhile and nothing runs on its stack. From any thread or
   * fiber.
   *
   * @throws FatalFiberError if an exception leaves the {@code main} of any fiber
   * @throws DeadlockException if the fibers are in a deadlock, in a {@linkplain #closedWorld closed
   *     world}
   * @throws IllegalStateException if this execution has been begun before
   */
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    begin();
    submitted.set(1);
    closed = true;
    spawning(fiber);
    inbox.add(new Start(fiber, main));
    workers.start();
    Fiber.current().forbid(end::join);
    end.check();
  }

  /**
   * Begins this execution without a fiber, as a service that takes work from any thread. From any
   * thread or fiber.
   *
   * @throws IllegalStateException if this execution has been begun before, or its world is closed
   * @throws OutOfMemoryError if a domain was needed and could not be had
   */
  public Service start() {
    if (closesWorld) {
      throw new IllegalStateException("a service takes work from outside of a closed world");
    }
    begin();
    Service service = new Service(this, end);
    workers.start();
    return service;
  }

  private void begin() {
    if (begun) {
      throw new IllegalStateException("an execution runs once");
    }
    begun = true;
    if (closesWorld) {
      PendingTimer pending = timer == null ? new PendingTimer(workers::lookAgain) : null;
      if (pending != null) {
        timer = pending;
      }
      world = new ClosedWorld(pending);
    }
    loader = Thread.currentThread().getContextClassLoader();
  }

  /** Starts a fiber from any thread; {@code false} if this has been closed or has failed. */
  boolean trySubmit(Fiber fiber, Consumer<? super Fiber> main) {
    Start start = new Start(fiber, main);
    submitted.incrementAndGet();
    boolean accepted = false;
    try {
      if (!closed && !stopped) {
        inbox.add(start);
        accepted = true;
      }
    } finally {
      if (!accepted) {
        submitted.decrementAndGet();
        workers.wakeSleeper();
      }
    }
    if (accepted) {
      workers.callOneMore();
    }
    return accepted;
  }

  /** Takes no more fibers from outside, and ends when none is alive. */
  void close() {
    closed = true;
    workers.wakeSleeper();
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

  /** How many fibers are alive; at least, as long as there are some. */
  private long alive() {
    long ended = 0;
    for (int i = 0; i < seats.size(); i++) {
      ended += seats.get(i).ended();
    }
    long started = 0;
    for (int i = 0; i < seats.size(); i++) {
      started += seats.get(i).started();
    }
    return started + submitted.get() - ended;
  }

  /** The last domain has left. */
  void end() {
    Throwable cause = escaped.get();
    DeadlockException deadlock = deadlock();
    if (deadlock != null) {
      if (cause != null) {
        deadlock.addSuppressed(cause);
      }
      end.tryCancel(deadlock);
    } else if (cause == null) {
      end.tryReturn(null);
    } else {
      end.tryCancel(new FatalFiberError(cause, alive()));
    }
  }

  /** Stops this execution because of what escaped from a fiber, or from a policy. */
  void fail(Throwable thrown) {
    if (thrown == deadlock()) {
      return; // the fiber unwinds
    }
    Throwable earlier = escaped.compareAndExchange(null, thrown);
    if (earlier != null && earlier != thrown) {
      earlier.addSuppressed(thrown);
    }
    workers.stop();
  }

  /**
   * A fiber is ready. Called by the JVM, in any thread, so it must not throw.
   *
   * @param here where the caller runs, if in an execution
   */
  void ready(Ready fiber, @Nullable Seat here) {
    while (!stopped) {
      try {
        if (here == null || here.execution != this) {
          inbox.add(fiber);
          workers.callOneMore();
        } else {
          add(fiber, here);
        }
        return;
      } catch (OutOfMemoryError e) {
        waitForMemory(); // nobody else will try again
      } catch (Throwable defect) {
        fail(defect);
      }
    }
  }

  private static void waitForMemory() {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
  }

  private void add(Ready fiber, Seat seat) {
    if (!isLetIntoMonitors()) {
      inbox.emptyInto(seat.policy); // what was ready before stays before
    }
    seat.policy.ready(fiber, fiber.goesFirst());
    if (parallel && seat.policy.available() > 1) {
      workers.callOneMore();
    }
  }

  // What can be repeated.

  @Nullable Monitors monitors() {
    return monitors;
  }

  /** Whether a fiber may become ready by and by that has been let into a monitor. */
  private boolean isLetIntoMonitors() {
    return monitors != null && !parallel && !monitors.isEmpty();
  }

  /** Whether there is something to run. Says so for all domains, of which no other is running. */
  boolean isAnyReady(Seat seat) {
    if (parallel && monitors != null && isEmpty(seat)) {
      monitors.awaitReleased();
    }
    return !isEmpty(seat);
  }

  // The closed world.

  private @Nullable DeadlockException deadlock() {
    return world == null ? null : world.deadlock();
  }

  /** A fiber is about to be spawned. */
  void spawning(Fiber fiber) {
    if (world != null) {
      world.spawning(fiber);
    }
  }

  void begun(Fiber fiber, Host host) {
    if (world != null) {
      world.begun(fiber, host);
    }
  }

  /** The fiber has ended, or has not been spawned after all. */
  void ended(Fiber fiber) {
    if (world != null) {
      world.ended(fiber);
    }
  }

  /** Returns what a fiber is to throw that was woken without a signal; {@code null} if nothing. */
  @Nullable DeadlockException unwinding(Fiber fiber) {
    return world != null && world.unwinds(fiber) ? world.deadlock() : null;
  }

  /** Nothing is ready on any domain, and time does not pass. Returns whether to look again. */
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

  void spawn(Fiber fiber, Consumer<? super Fiber> main, Seat seat) {
    Start start = new Start(fiber, main);
    seat.countStarted(1); // before another domain can run it
    try {
      add(start, seat);
    } catch (Throwable thrown) {
      notStarted(fiber, seat, thrown);
    }
  }

  private void notStarted(Fiber fiber, Seat seat, Throwable thrown) {
    seat.countStarted(-1);
    ended(fiber);
    if (thrown instanceof OutOfMemoryError noMemory) {
      throw noMemory; // and that is all
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
    if (monitors != null && isLetIntoMonitors()) {
      monitors.settle(inbox, seat.policy);
    }
    try {
      inbox.emptyInto(seat.policy);
    } catch (OutOfMemoryError e) {
      waitForMemory(); // those that are left stay in the inbox
    }
    return seat.policy.next();
  }

  /** Whether there is nothing to run at present for who has that seat. */
  boolean isEmpty(Seat seat) {
    return inbox.isEmpty() && seat.policy.isEmpty();
  }

  /** What runs after a fiber that has ended; {@code null} if the domain has to decide. */
  @Nullable Ready nextAfter(Seat seat) {
    if (freshThreads || stopped || isLetIntoMonitors() || seat.domain().isRecalled()) {
      return null;
    }
    try {
      inbox.emptyInto(seat.policy);
      return seat.policy.next();
    } catch (OutOfMemoryError e) {
      return null; // to wait here, on the stack of a host, would bring it to another domain
    } catch (Throwable defect) {
      fail(defect);
      return null;
    }
  }

  boolean reusesHosts() {
    return !freshThreads;
  }

  /** The context class loader for fibers: that of whoever called {@link #run}. */
  @Nullable ClassLoader loader() {
    return loader;
  }

  /** Names the policy. */
  @Override
  public String toString() {
    return seats.get(0).policy.toString();
  }
}
