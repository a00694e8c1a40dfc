package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Suspension;
import dev.picos.core.Trigger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A virtual thread that runs one fiber after another, and that fiber's handler.
 *
 * <p>A fiber that ends without having suspended costs no thread: the host goes on with the next one
 * that starts. A fiber keeps its host only while it is suspended. The host is its thread's
 * scheduler, so the JVM hands it the thread's slices, which it passes to the policy of its
 * execution.
 */
sealed class Host extends Ready
    implements Executor, Handler, Runnable, Trigger.Action<@Nullable Void, @Nullable Void>
    permits Guest {
  // For maintainers.
  //
  // The JVM makes a virtual thread runnable and then calls execute(), always with the same
  // Runnable, which runs the thread's next slice. It does so when the thread is started, after it
  // has yielded, and when something has unparked it. It may call execute() although an earlier
  // slice has not been run, which happens after somebody has looked at the stack of the runnable
  // thread; a slice that finds the thread not runnable does nothing.
  //
  //   place                on execute()
  //   OUT                  -> QUEUED, and into the policy's queue
  //   QUEUED               nothing: there is a slice to come, and it will find the thread runnable
  //   RUNNING              -> AGAIN: the domain that runs the slice queues the host after it
  //   AGAIN                nothing
  //   FREE                 nothing: the domain that takes the host for a fiber runs its slice
  //
  // OUT means suspended. A domain sets RUNNING before it runs a slice. After the slice it sets OUT,
  // or QUEUED if the place has become AGAIN, as it does when a fiber yields. The host itself sets
  // FREE when its fiber has ended, but only from RUNNING; if a stray execute() has come meanwhile,
  // the host ends instead, and keeps its fiber for the policy to look at.
  //
  // A fiber may block its carrier, as in a native method, or because it is pinned. Another domain
  // then takes the seat over (see Relief), and the fiber goes on without one, beside the fibers
  // that run on the seat, until it leaves its carrier. The place says so:
  //
  //   RUNNING -> ASKED     the other domain, which then looks at the stack of the fiber
  //   ASKED -> LOST        the other domain, if the fiber blocks its carrier outside of this class
  //   ASKED -> RUNNING     the other domain if not; or the fiber, which needs the seat
  //   ASKED -> AGAIN       execute(), which needs the seat as well
  //   LOST -> LOST_AGAIN   execute()
  //
  // Whoever is about to use the seat first finds out whether it has it still, and needs no more
  // than a read of the place for that. The class Relief explains why this suffices. The domain
  // itself leaves LOST after the slice as it leaves RUNNING, knows from it that it has no seat any
  // more, and hands the fiber on through the inbox.
  //
  // Somebody who looks closely at a suspended fiber keeps it where it is meanwhile:
  //
  //   OUT -> HELD          the observer
  //   HELD -> OUT          the observer, when it has looked
  //   HELD -> HELD_AGAIN   execute()
  //   HELD_AGAIN -> QUEUED the observer, which then queues the host
  //
  // Nobody but the observer and execute() changes the place of a host that is held: domains run
  // only hosts that are queued or free, and a new one is free.
  //
  // Invariants: the place is QUEUED exactly while there is one entry in the queue of the execution
  // that the fiber belongs to, and there is no entry while a domain is inside a slice. It follows
  // that a slice of a fiber runs only on a domain that took the fiber from that execution's policy
  // or gave it the host, and on one domain at a time, which alone uses the seat. So no stray
  // wake-up brings a fiber to a domain of another execution, and in an execution with one domain
  // everything happens in that domain's thread.
  //
  // No runnable thread is forgotten. The JVM marks the thread runnable before it calls execute(),
  // and the domain writes RUNNING before it runs the slice. Both writes are volatile, so either
  // execute() sees RUNNING, or the slice sees that the thread is runnable. If execute() comes while
  // the place is RUNNING, the compare-and-set after the slice finds that out. Only the domain that
  // runs the slice leaves AGAIN. It therefore needs no compare-and-set to do so, and a release
  // suffices, because the queue hands the host on.
  //
  // A fiber that awaits parks in a loop, because anybody may unpark its thread. It gives up the
  // trigger's place itself, as in the thread handler: when it sees the signal, the action may not
  // have run yet. The method goesFirst() finds out whether the fiber is canceled and hence goes
  // ahead of others. For a host that is not awaiting, or in a stray slice, its answer may be out of
  // date; but the answer only decides how early a fiber gets its turn.
  //
  // A fiber may leave something open on its thread that the JDK closes when the thread ends, such
  // as a StructuredTaskScope. The next fiber must not find it, so the host ends. The JDK may wait
  // then, for threads that belong to the scope; nobody else has to, so from then on the slices go
  // to the JDK's own scheduler, and the fiber counts as ended. The field retires is written by the
  // thread itself, before it can be suspended again; the JVM, which has seen it suspended, sees
  // that, too.
  //
  // A host that waits for a fiber has yielded, and the slice that the JVM then hands out is held
  // back. So nobody has to unpark the host, and a stray unpark can do no more than let it look and
  // yield again.

  // A thread of the program may be a fiber, too (see Guest). It has a host of its own, which is
  // queued as soon as the thread is started, and is never free.

  private static final byte OUT = 0;
  private static final byte QUEUED = 1;
  private static final byte RUNNING = 2;
  private static final byte AGAIN = 3;
  private static final byte FREE = 4;
  private static final byte ASKED = 5;
  private static final byte LOST = 6;
  private static final byte LOST_AGAIN = 7;
  private static final byte HELD = 8;
  private static final byte HELD_AGAIN = 9;

  private static final VarHandle PLACE;

  static {
    try {
      PLACE = MethodHandles.lookup().findVarHandle(Host.class, "place", byte.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final VirtualThreads THREADS = VirtualThreads.get();

  private volatile byte place = FREE;

  /** Whether the fiber is suspended by us, and not by the JDK; only the fiber writes it. */
  private boolean awaiting;

  /** Whether the thread that the fiber is just starting is to be left to the JDK. */
  boolean leavesThreads;

  /** A number by which {@link Hosts} finds this host. */
  final byte number;

  /** Whether the thread is on its way to its end, which is not that of a fiber any more. */
  private boolean retires;

  final Thread thread;
  private @Nullable Runnable slice;

  // The fiber that runs here or is suspended here. Written by the domain while the host is free, or
  // by the host.
  private @Nullable Fiber fiber;
  private @Nullable Consumer<? super Fiber> main;

  /** Where the present slice runs, or the last one did; {@code null} while the host is free. */
  @Nullable Seat seat;

  /**
   * Makes a host and starts its thread, which has run nothing when this returns.
   *
   * @throws OutOfMemoryError if there is no memory for it; nothing is left of it then
   */
  Host(byte number) {
    this.number = number;
    thread = THREADS.builder(this).inheritInheritableThreadLocals(false).unstarted(this);
    thread.start(); // which calls execute()
  }

  /**
   * Makes the host of a thread that is a fiber of {@code execution}.
   *
   * @param maker makes the thread, with this as its scheduler
   */
  Host(Execution execution, Fiber fiber, Function<? super Host, Thread> maker) {
    this.fiber = fiber;
    seat = execution.anySeat();
    thread = maker.apply(this);
    number = (byte) thread.threadId();
  }

  // The domain's side.

  /** Gives a new or free host a fiber to run in its next slice. */
  void take(Start start, Execution execution) {
    this.fiber = start.fiber;
    if (main != start.main) { // writing references to an old object is expensive
      this.main = start.main;
    }
    execution.begun(start.fiber, this);
  }

  /** Whether the fiber waits for anything, and has not been signaled. */
  boolean isSuspended() {
    return switch (thread.getState()) {
      case BLOCKED, WAITING, TIMED_WAITING ->
          !(LockSupport.getBlocker(thread) instanceof Trigger trigger && trigger.isSignaled());
      default -> false;
    };
  }

  /**
   * Lets the hosts be collected on which fibers of {@code execution} have been left behind. Called
   * when all domains have left it for good, so what is suspended never runs again.
   */
  static void abandon(Execution execution) {
    THREADS.abandon(
        thread -> {
          Host host = HostLookup.host(thread);
          return host != null && host.isIn(execution);
        });
  }

  private boolean isIn(Execution execution) {
    return executionOrNull() == execution;
  }

  /** The execution of the fiber here; {@code null} if there is no fiber. For observers. */
  @Nullable Execution executionOrNull() {
    Seat last = seat;
    return last == null || retires ? null : last.execution;
  }

  /** Whether the fiber here, which is suspended, was suspended by us. */
  boolean isAwaiting() {
    return awaiting;
  }

  /** How a slice has ended. */
  enum Slice {
    /** The fiber is suspended or has ended. */
    OVER,

    /** The fiber is to run again. */
    AGAIN,

    /** As {@link #OVER}, and the domain has lost the seat. */
    OVER_WITHOUT_SEAT,

    /** As {@link #AGAIN}, and the domain has lost the seat. */
    AGAIN_WITHOUT_SEAT,

    /** The thread has ended, which is that of a {@link Guest}. */
    ENDED,

    /** As {@link #ENDED}, and the domain has lost the seat. */
    ENDED_WITHOUT_SEAT;

    boolean isToGoOn() {
      return this == AGAIN || this == AGAIN_WITHOUT_SEAT;
    }

    boolean holdsSeat() {
      return this == OVER || this == AGAIN || this == ENDED;
    }
  }

  /** Whether the fiber here is ready, and waits for its turn. For observers. */
  boolean isQueued() {
    return place == QUEUED;
  }

  /** Whether the fiber runs, and its domain has not been asked for the seat. For observers. */
  boolean isRunning() {
    byte now = place;
    return now == RUNNING || now == AGAIN;
  }

  // The side of an observer that no suspended fiber may escape.

  /**
   * Keeps {@code fiber} from running until {@link #letGo} is called; returns whether it is
   * suspended here, off every carrier.
   */
  boolean hold(Fiber fiber) {
    if (!PLACE.compareAndSet(this, OUT, HELD)) {
      return false;
    }
    if (this.fiber == fiber) {
      return true;
    }
    letGo();
    return false;
  }

  /** Lets the fiber run again; if it has been woken meanwhile, it is ready now. */
  void letGo() {
    if (!PLACE.compareAndSet(this, HELD, OUT)) {
      PLACE.setRelease(this, QUEUED);
      execution().ready(this, Seat.current());
    }
  }

  /**
   * Runs the thread until it parks, yields or ends. A free host that has not been given a fiber
   * ends.
   */
  Slice runSlice(@Nullable Seat seat) {
    if (this.seat != seat) {
      this.seat = seat;
    }
    PLACE.setVolatile(this, RUNNING);
    Objects.requireNonNull(slice).run();
    boolean hasEnded = hasEnded(); // before another domain may run it, and may see it end
    Slice end = endSlice();
    if (!hasEnded || end.isToGoOn()) {
      return end;
    }
    return end.holdsSeat() ? Slice.ENDED : Slice.ENDED_WITHOUT_SEAT;
  }

  /** Whether the fiber has ended with its thread; asked after a slice. */
  boolean hasEnded() {
    return false; // nobody waits for the end of a host
  }

  private Slice endSlice() {
    for (; ; ) {
      byte before = place;
      switch (before) {
        case AGAIN, LOST_AGAIN -> {
          PLACE.setRelease(this, QUEUED);
          return before == AGAIN ? Slice.AGAIN : Slice.AGAIN_WITHOUT_SEAT;
        }
        case FREE -> {
          return Slice.OVER;
        }
        default -> {
          if (PLACE.compareAndSet(this, before, OUT)) {
            return before == LOST ? Slice.OVER_WITHOUT_SEAT : Slice.OVER;
          }
        }
      }
    }
  }

  // The side of a domain that comes to relieve the one on which the fiber runs.

  /** Begins to take the seat of the fiber over, if it is running. */
  boolean ask() {
    return PLACE.compareAndSet(this, RUNNING, ASKED);
  }

  /** Takes the seat over, unless the fiber or its domain has needed it meanwhile. */
  boolean takeSeat() {
    return PLACE.compareAndSet(this, ASKED, LOST);
  }

  /** Leaves the seat to the fiber after all. */
  void askNoMore() {
    boolean unused = PLACE.compareAndSet(this, ASKED, RUNNING);
  }

  /** Whether the fiber runs, or blocks its carrier, without a seat. */
  boolean isWithoutSeat() {
    byte now = place;
    return now == LOST || now == LOST_AGAIN;
  }

  /**
   * Called when the JVM has a slice to run. It must not throw, or the thread would never be made
   * runnable again.
   */
  @Override
  public void execute(Runnable task) {
    Runnable own = slice;
    if (own == null) {
      slice = task;
      started();
    } else if (task != own) {
      Guest.arrives(task);
    } else if (retires) {
      THREADS.defaultScheduler().execute(task);
    } else if (becomesQueued()) {
      Seat mine = seat;
      if (mine != null) {
        mine.execution.ready(this, mine.execution.seatOfCaller());
      } else {
        THREADS.defaultScheduler().execute(task); // its domain has ended, so it can end anywhere
      }
    }
  }

  /** Whether a thread that the fiber is starting becomes a fiber of the same execution. */
  final boolean adoptsThreads() {
    return !leavesThreads && execution().adoptsThreads();
  }

  /** Called as the thread is started. That of a host runs when a domain has given it a fiber. */
  void started() {}

  /** Called when nothing is going on here and the caller is about to queue this. */
  final void queued() {
    PLACE.setRelease(this, QUEUED); // which the queue publishes
  }

  /** Notes that there is a slice to run; returns whether the caller is to queue this host. */
  private boolean becomesQueued() {
    for (; ; ) {
      byte before = place;
      byte after;
      switch (before) {
        case OUT -> after = QUEUED;
        case RUNNING, ASKED -> after = AGAIN;
        case LOST -> after = LOST_AGAIN;
        case HELD -> after = HELD_AGAIN;
        default -> {
          return false;
        }
      }
      if (PLACE.compareAndSet(this, before, after)) {
        return before == OUT;
      }
    }
  }

  // The thread's side.

  /**
   * The body of the thread. It is one method, since its frame is part of every fiber that is
   * suspended.
   */
  @Override
  public void run() {
    do {
      THREADS.setContextClassLoader(thread, execution().loader());
      if (thread.isInterrupted()) {
        boolean unused = Thread.interrupted(); // it was meant for an earlier fiber
      }
      try {
        execution().starting(fiber(), thread);
        FlightRecording.started(execution());
        Objects.requireNonNull(main).accept(fiber());
      } catch (Throwable escaped) {
        execution().escaped(escaped);
      }
      FlightRecording.ended(execution());
      execution().ended(fiber());
      boolean isClean = tryReset();
      while (!regainsSeat()) {
        Thread.onSpinWait(); // there was no memory to leave the carrier
      }
      seat().countEnded();
      if (retires(isClean)) {
        return;
      }
    } while (takeNext() || awaitNext());
  }

  /** Clears the thread for the next fiber; returns whether there was memory for that. */
  private boolean tryReset() {
    try {
      THREADS.reset(thread);
      return true;
    } catch (Throwable full) {
      return false;
    }
  }

  /** Whether the fiber has left something that only the end of its thread removes. */
  private boolean retires(boolean isClean) {
    if (!isClean || THREADS.hasOpenScopes(thread)) {
      execution().left(this);
      retires = true;
    }
    return retires;
  }

  /** Takes the next fiber without leaving the thread, if it is one that starts. */
  private boolean takeNext() {
    Seat seat = seat();
    Ready next = seat.execution.nextAfter(seat);
    if (next instanceof Start start) {
      take(start, seat.execution);
      return true;
    }
    Hosts.of(seat.domain()).next = next;
    return false;
  }

  /**
   * Waits, free, until a domain has given this host a fiber; returns {@code false} if it is to end
   * instead.
   */
  private boolean awaitNext() {
    execution().left(this);
    Hosts hosts = Hosts.of(seat().domain());
    if (!PLACE.compareAndSet(this, RUNNING, FREE)) {
      return false; // and nothing is forgotten, as this host is about to be in a queue
    }
    boolean ends = !execution().reusesHosts() || hosts.isFull();
    forget();
    if (ends) {
      return false;
    }
    hosts.freed = this;
    do {
      giveWay();
      if (hosts.freed == this) { // the thread could not leave its carrier, so nobody can have it
        hosts.freed = null;
        return false;
      }
    } while (place == FREE); // a stray slice
    return main != null;
  }

  private void forget() {
    THREADS.setContextClassLoader(thread, null); // no more than a field, as long as it is ours
    seat = null;
    fiber = null;
    main = null;
  }

  /** The seat on which the fiber runs, which it may have lost. */
  private Seat seat() {
    return Objects.requireNonNull(seat);
  }

  /** The seat on which the fiber runs; {@code null} if it has lost it, or the host is free. */
  @Nullable Seat heldSeat() {
    return holdsSeat() ? seat : null;
  }

  /** Whether the fiber has its seat, and keeps it until it may block its carrier again. */
  boolean holdsSeat() {
    return place < ASKED || keepsSeat();
  }

  private boolean keepsSeat() {
    while (place == ASKED) {
      if (PLACE.compareAndSet(this, ASKED, RUNNING)) {
        return true;
      }
    }
    return place < ASKED;
  }

  /**
   * Whether the fiber has a seat, for which it leaves its carrier if it has lost one. It has none
   * after that, too, if it is pinned.
   */
  private boolean regainsSeat() {
    if (holdsSeat()) {
      return true;
    }
    giveWay();
    return holdsSeat();
  }

  final Execution execution() {
    return seat().execution;
  }

  // The fiber's side.

  /** The fiber that runs here; nobody asks while a host is free. */
  @Override
  public Fiber fiber() {
    return Objects.requireNonNull(fiber);
  }

  @Override
  boolean goesFirst() {
    return awaiting && fiber().isCanceled();
  }

  @Override
  public Fiber current() {
    return fiber();
  }

  @Override
  public void spawn(Fiber child, Consumer<? super Fiber> main) {
    fiber().check();
    Execution execution = execution();
    if (!regainsSeat()) {
      execution.spawnFromOutside(child, main);
      return;
    }
    Start start = new Start(child, main);
    execution.spawning(child); // before the seat is known, which may change meanwhile
    execution.spawn(start, seat());
    spend(Policy.Operation.SPAWN);
  }

  /** The threads may be started for as long as fibers of the execution are alive. */
  @Override
  public ThreadFactory threadFactory() {
    Execution execution = execution();
    return body -> Guest.unstarted(execution, new Fiber(new Computation<>()), body);
  }

  @Override
  public boolean isOfSameRun(Handler other) {
    return other instanceof Host host && host.execution() == execution();
  }

  /** This is called in other threads, too: the seat may change meanwhile, but not the execution. */
  @Override
  public void spawnFromOutside(Fiber child, Consumer<? super Fiber> main) {
    execution().spawnFromOutside(child, main);
  }

  @Override
  public void yield() {
    Seat seat = seat();
    if (!holdsSeat() || !seat.execution.mayContinue(seat)) {
      giveWay();
    }
    fiber().check();
  }

  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    fiber().check();
    execution().cancelAfter(computation, delay, reason);
    spend(Policy.Operation.CANCEL_AFTER);
  }

  @Override
  public @Nullable Throwable await(Trigger trigger) {
    Fiber fiber = fiber();
    if (!Suspension.tryBegin(fiber, trigger, null, null, this)) {
      spend(Policy.Operation.AWAIT);
      return fiber.cancelReason();
    }
    FiberWait wait = null;
    try {
      wait = FlightRecording.beginWait();
    } catch (StackOverflowError atTheEnd) {
      // The wait has begun, and comes first.
    }
    awaiting = true;
    DeadlockException deadlock = parkUntilSignaled(trigger);
    awaiting = false;
    Throwable reason = Suspension.end(fiber, trigger);
    if (wait != null) {
      try {
        FlightRecording.end(wait, execution(), fiber);
      } catch (StackOverflowError atTheEnd) {
        // What was waited for is there.
      }
    }
    return deadlock == null ? reason : unwind(fiber, deadlock);
  }

  @Override
  public int random(int bound) {
    return regainsSeat()
        ? execution().random(bound)
        : ThreadLocalRandom.current().nextInt(bound); // beside the others, in no certain order
  }

  /** Called when the trigger that the fiber awaits has been signaled. */
  @Override
  public void run(Trigger trigger, @Nullable Void none, @Nullable Void nothing) {
    LockSupport.unpark(thread);
  }

  /** Returns the deadlock that the fiber is in, if it is to unwind and has not been signaled. */
  private @Nullable DeadlockException parkUntilSignaled(Trigger trigger) {
    boolean interrupted = false;
    DeadlockException deadlock = null;
    while (deadlock == null && !trigger.isSignaled()) {
      try {
        LockSupport.park(trigger);
      } catch (OutOfMemoryError | StackOverflowError cannotLeave) {
        // Memory ends so before JDK 22. As to the stack, the JVM may need some for each frame of
        // the fiber, and so several times as much as they take. Another domain takes the seat over.
        THREADS.parkOnCarrier(thread, trigger);
      }
      // park() returns at once while the status is set, and would make this loop spin.
      interrupted |= Thread.interrupted() && !Suspension.interrupted(fiber());
      if (!trigger.isSignaled()) {
        deadlock = execution().unwinding(fiber());
      }
    }
    if (interrupted) {
      thread.interrupt();
    }
    if (deadlock != null) {
      trigger.signal();
    }
    return deadlock;
  }

  /**
   * Ends an await as if the fiber were canceled. Where that is forbidden nobody asks for a reason,
   * so this throws it.
   */
  private static Throwable unwind(Fiber fiber, DeadlockException deadlock) {
    if (fiber.forbidsCancelation()) {
      throw deadlock;
    }
    return deadlock;
  }

  /** Gives way if the quota is used up, without checking for cancelation. */
  private void spend(Policy.Operation operation) {
    Seat seat = seat();
    if (!holdsSeat() || seat.execution.spend(operation, seat)) {
      giveWay();
    }
  }

  /**
   * Lets other fibers run. A thread that cannot leave its carrier goes on where it is, whether it
   * is pinned or there is no memory for its frames: this must not throw, because the operation that
   * comes before it stands.
   */
  private static void giveWay() {
    try {
      Thread.yield();
    } catch (Throwable cannotLeave) {
      // as was said
    }
  }

  /** Names the thread. */
  @Override
  public String toString() {
    return "Host[" + thread + "]";
  }
}
