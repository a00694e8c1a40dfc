package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Trigger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A virtual thread that runs one fiber after another, and that fiber's handler.
 *
 * <p>A fiber that ends without having suspended costs no thread: the host goes on with the next one
 * that starts. Only while a fiber is suspended does it keep its host. The host is its thread's
 * scheduler, so the JVM hands it the thread's slices, which it passes to the policy of its
 * execution.
 */
final class Host extends Ready
    implements Executor, Handler, Runnable, Trigger.Action<@Nullable Void, @Nullable Void> {
  // For maintainers.
  //
  // The JVM makes a virtual thread runnable and calls execute() with one and the same Runnable, its
  // next slice: when the thread is started, after it yielded, and when something unparked it. It
  // may call execute() although an earlier slice has not been run (after somebody looked at the
  // stack of the runnable thread); a slice that finds the thread not runnable does nothing.
  //
  //   place                on execute()
  //   OUT                  -> QUEUED, and into the policy's queue
  //   QUEUED               nothing: there is a slice to come, and it will find the thread runnable
  //   RUNNING              -> AGAIN: the domain that runs the slice queues the host after it
  //   AGAIN                nothing
  //   FREE                 nothing: the domain that takes the host for a fiber runs its slice
  //
  // OUT means suspended. A domain makes it RUNNING before it runs a slice, and after that OUT, or
  // QUEUED if it has become AGAIN, as it does when a fiber yields. It becomes FREE by the host
  // itself when its fiber has ended, but only from RUNNING; if an odd execute() has come meanwhile,
  // it ends instead, and keeps its fiber for the policy to look at. Invariants: QUEUED exactly
  // while there is one entry in the queue of the execution that the fiber belongs to, and no entry
  // while a domain is inside a slice. So a slice of a fiber runs only on a domain that took the
  // fiber from that execution's policy or gave it the host, and on one domain at a time, which
  // alone uses the seat; no stray wake-up brings a fiber to a domain of another execution, and in
  // an execution with one domain everything happens in that domain's thread. No runnable thread is
  // forgotten: the JVM marks it runnable before it calls execute(), the domain writes RUNNING
  // before it runs the slice, and both are volatile, so either execute() sees RUNNING, or the slice
  // sees the thread runnable; and what comes to RUNNING is found by the compare-and-set after the
  // slice. AGAIN is left by that domain only, which therefore needs no other to do so, and a
  // release suffices: the queue hands the host on.
  //
  // A fiber that awaits parks in a loop, as its thread may be unparked by anybody. It gives up the
  // trigger's place itself, as in the thread handler: when it sees the signal, the action may not
  // have run yet. Whether it is canceled, and goes ahead of others, goesFirst() finds out; for a
  // host that is not awaiting, or in a slice that is odd, the answer may be out of date, and only
  // decides how early a fiber has its turn.
  //
  // A host that waits for a fiber has yielded, and the slice that the JVM then hands out is held
  // back. That spares unparking it, and a stray unpark cannot do more than let it look and yield
  // again.

  private static final byte OUT = 0;
  private static final byte QUEUED = 1;
  private static final byte RUNNING = 2;
  private static final byte AGAIN = 3;
  private static final byte FREE = 4;

  private static final VarHandle PLACE;

  static {
    try {
      PLACE = MethodHandles.lookup().findVarHandle(Host.class, "place", byte.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final VirtualThreads THREADS = VirtualThreads.get();

  private volatile byte place = OUT;

  /** Whether the fiber is suspended by us, and not by the JDK; the fiber's own. */
  private boolean awaiting;

  final Thread thread;
  private @Nullable Runnable slice;

  // The fiber that runs here or is suspended here. Written by the domain while the host is free, or
  // by the host.
  private @Nullable Fiber fiber;
  private @Nullable Consumer<? super Fiber> main;

  /** Where the present slice runs, or the last one did; {@code null} while the host is free. */
  @Nullable Seat seat;

  Host() {
    thread = THREADS.unstarted(this, this);
  }

  // The domain's side.

  /** Gives a new or free host a fiber to run in its next slice. */
  void take(Start start, Execution execution) {
    this.fiber = start.fiber;
    if (main != start.main) { // an old object is expensive to write references to
      this.main = start.main;
    }
    execution.begun(start.fiber, this);
  }

  /** Whether the fiber here, which is suspended, is so by us. */
  boolean isAwaiting() {
    return awaiting;
  }

  /**
   * Runs the thread until it parks, yields or ends; returns whether it is to run again. A free host
   * that has not been given a fiber ends.
   */
  boolean runSlice(@Nullable Seat seat) {
    if (this.seat != seat) {
      this.seat = seat;
    }
    PLACE.setVolatile(this, RUNNING);
    if (slice == null) {
      thread.start(); // which calls execute()
    }
    Runnable now = slice;
    if (now != null) {
      now.run();
    }
    if (place != AGAIN && (byte) PLACE.compareAndExchange(this, RUNNING, OUT) != AGAIN) {
      return false;
    }
    PLACE.setRelease(this, QUEUED);
    return true;
  }

  /** The JVM has a slice to run. Must not throw: the thread would never be made runnable again. */
  @Override
  public void execute(Runnable task) {
    Runnable own = slice;
    if (own == null) {
      slice = task; // that of the host itself, in thread.start()
    } else if (task != own) {
      THREADS.defaultScheduler().execute(task); // of a thread that was started in a fiber
    } else if (!(place == RUNNING && PLACE.compareAndSet(this, RUNNING, AGAIN))
        && PLACE.compareAndSet(this, OUT, QUEUED)) {
      Seat mine = seat;
      if (mine != null) {
        mine.execution.ready(this, Seat.current());
      } else {
        THREADS.defaultScheduler().execute(task); // its domain has ended; so can it, anywhere
      }
    }
  }

  // The thread's side.

  /**
   * The body of the thread. One method, since its frame is part of every fiber that is suspended.
   */
  @Override
  public void run() {
    do {
      THREADS.setContextClassLoader(thread, execution().loader());
      if (thread.isInterrupted()) {
        boolean unused = Thread.interrupted(); // it was meant for an earlier fiber
      }
      try {
        Objects.requireNonNull(main).accept(fiber());
      } catch (Throwable escaped) {
        execution().fail(escaped);
      }
      execution().ended(fiber());
      THREADS.reset(thread);
      seat().countEnded();
    } while (takeNext() || awaitNext());
  }

  /** Takes the next fiber without leaving the thread, if it is one that starts. */
  private boolean takeNext() {
    Seat seat = seat();
    Ready next = seat.execution.nextAfter(seat);
    if (next instanceof Start start) {
      take(start, seat.execution);
      return true;
    }
    seat.domain().hosts.next = next;
    return false;
  }

  /**
   * Waits free until a domain has given this host a fiber; {@code false} if it is to end instead.
   */
  private boolean awaitNext() {
    Hosts hosts = seat().domain().hosts;
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
      try {
        Thread.yield();
      } catch (Throwable noMemory) {
        // It goes on where it is, as if it were pinned.
      }
      if (hosts.freed == this) { // the thread could not leave its carrier, so nobody can have it
        hosts.freed = null;
        return false;
      }
    } while (place == FREE); // a stray slice
    return main != null;
  }

  private void forget() {
    seat = null;
    fiber = null;
    main = null;
  }

  private Seat seat() {
    return Objects.requireNonNull(seat);
  }

  private Execution execution() {
    return seat().execution;
  }

  // The fiber's side.

  /** The fiber that runs here; while a host is free nobody asks. */
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
    execution.spawning(child); // before the seat is known, which may change meanwhile
    execution.spawn(child, main, seat());
    spend(Policy.Operation.SPAWN);
  }

  @Override
  public void yield() {
    Seat seat = seat();
    if (!seat.execution.mayContinue(seat)) {
      Thread.yield();
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
    if (fiber.trySuspend(trigger, null, null, this)) {
      awaiting = true;
      DeadlockException deadlock = parkUntilSignaled(trigger);
      awaiting = false;
      fiber.unsuspend(trigger);
      if (deadlock != null) {
        return unwind(fiber, deadlock);
      }
    } else {
      spend(Policy.Operation.AWAIT);
    }
    return fiber.cancelReason();
  }

  @Override
  public int random(int bound) {
    return execution().random(bound);
  }

  /** The trigger that the fiber awaits has been signaled. */
  @Override
  public void run(Trigger trigger, @Nullable Void none, @Nullable Void nothing) {
    LockSupport.unpark(thread);
  }

  /** Returns the deadlock that the fiber is in, if it is to unwind and has not been signaled. */
  private @Nullable DeadlockException parkUntilSignaled(Trigger trigger) {
    boolean interrupted = false;
    DeadlockException deadlock = null;
    while (deadlock == null && !trigger.isSignaled()) {
      LockSupport.park(trigger);
      // park() returns at once while the status is set, and would make this loop spin.
      interrupted |= Thread.interrupted();
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

  /** As if the fiber were canceled; but where that is forbidden, nobody asks for a reason. */
  private static Throwable unwind(Fiber fiber, DeadlockException deadlock) {
    if (fiber.hasForbidden()) {
      throw deadlock;
    }
    return deadlock;
  }

  /** Gives way if the quota is used up, without a look at cancelation. */
  private void spend(Policy.Operation operation) {
    Seat seat = seat();
    if (seat.execution.spend(operation, seat)) {
      Thread.yield();
    }
  }

  /** Names the thread. */
  @Override
  public String toString() {
    return "Host[" + thread + "]";
  }
}
