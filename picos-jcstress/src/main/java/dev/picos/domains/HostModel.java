package dev.picos.domains;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A {@link Host} and its virtual thread, without the thread: the words that they share, and the
 * steps that change them, with the same operations in the same order and of the same strength.
 *
 * <p>The model stands in for the real ones because they cannot be broken for a twin, and because a
 * slice takes a microsecond and more, so that races of some nanoseconds seldom occur. The {@code
 * RealHost} tests use the real ones all the same. Timed parking, pinning, monitors, and the switch
 * to another fiber are left out here.
 *
 * <p>There are three parties: one domain or two call {@link #runNext}; any thread may call {@link
 * #unpark}, {@link #stackTrace} and {@link #holdAndLetGo}. Steps of the host can be overridden, for
 * twins.
 */
abstract class HostModel {
  // Of java.lang.VirtualThread, JDK 25.
  static final int MOUNTED = 2; // there RUNNING
  static final int PARKING = 3;
  static final int PARKED = 4;
  static final int UNPARKED = 9;
  static final int YIELDING = 10;
  static final int YIELDED = 11;
  static final int TERMINATED = 99;
  static final int SUSPENDED = 1 << 8;

  // Of Host.
  static final byte OUT = 0;
  static final byte QUEUED = 1;
  static final byte RUNNING = 2;
  static final byte AGAIN = 3;
  static final byte FREE = 4;
  static final byte ASKED = 5;
  static final byte LOST = 6;
  static final byte LOST_AGAIN = 7;
  static final byte HELD = 8;
  static final byte HELD_AGAIN = 9;

  static final VarHandle STATE;
  static final VarHandle PARK_PERMIT;
  static final VarHandle PLACE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(HostModel.class, "state", int.class);
      PARK_PERMIT = lookup.findVarHandle(HostModel.class, "parkPermit", boolean.class);
      PLACE = lookup.findVarHandle(HostModel.class, "place", byte.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  volatile int state;
  volatile boolean parkPermit;
  volatile byte place;

  /** How many entries the policy's queue has for this host. */
  final AtomicInteger entries = new AtomicInteger();

  volatile boolean queuedTwice;

  /** Whether the domain had its seat when the slice was over. */
  boolean holdsSeat = true;

  /** Whether the stack of the fiber shows one of our methods, as its place is yet to be read. */
  volatile boolean usesSeat;

  /** How many domains are inside a slice, and whether there were ever two at a time. */
  final AtomicInteger inside = new AtomicInteger();

  volatile boolean ofTwoDomains;

  /** Whether a held fiber was seen to run. */
  volatile boolean ranWhileHeld;

  /** Starts as runnable, with its slice in the queue. */
  HostModel(int state) {
    this.state = state;
    place = QUEUED;
    entries.set(1);
  }

  /**
   * Runs the fiber from where it is, until it parks or yields, which takes it off its carrier, or
   * ends.
   */
  abstract void goOn();

  // The JVM's side.

  /** VirtualThread.park, up to the carrier; returns whether the thread leaves it. */
  final boolean park() {
    if ((boolean) PARK_PERMIT.getAndSet(this, false)) {
      return false;
    }
    state = PARKING;
    return true;
  }

  /** VirtualThread.tryYield, up to the carrier. */
  final void yieldThread() {
    state = YIELDING;
  }

  final void terminate() {
    state = TERMINATED;
  }

  /** VirtualThread.runContinuation. */
  final void runSlice() {
    int before = state;
    boolean runnable = before == UNPARKED || before == YIELDED;
    if (!runnable || !STATE.compareAndSet(this, before, MOUNTED)) {
      return;
    }
    if (before == UNPARKED) {
      parkPermit = false;
    }
    goOn();
    afterYield();
  }

  private void afterYield() {
    if (state == PARKING) {
      state = PARKED;
      if (parkPermit && STATE.compareAndSet(this, PARKED, UNPARKED)) {
        execute();
      }
    } else if (state == YIELDING) {
      state = YIELDED;
      execute();
    }
  }

  /** VirtualThread.unpark. */
  final void unpark() {
    if (!(boolean) PARK_PERMIT.getAndSet(this, true)
        && state == PARKED
        && STATE.compareAndSet(this, PARKED, UNPARKED)) {
      execute();
    }
  }

  /**
   * VirtualThread.tryGetStackTrace: hands the slice to the scheduler although it is there already.
   */
  final void stackTrace() {
    int before = state;
    boolean runnable = before == UNPARKED || before == YIELDED;
    if ((!runnable && before != PARKED) || !STATE.compareAndSet(this, before, before | SUSPENDED)) {
      return;
    }
    state = before;
    if (runnable || (parkPermit && STATE.compareAndSet(this, PARKED, UNPARKED))) {
      execute();
    }
  }

  // The host's side.

  /** The loop of the domain, once; returns whether there was anything in the queue. */
  final boolean runNext() {
    int before = entries.get();
    while (before > 0 && !entries.compareAndSet(before, before - 1)) {
      before = entries.get();
    }
    if (before == 0) {
      return false;
    }
    if (inside.getAndIncrement() != 0) {
      ofTwoDomains = true;
    }
    run();
    return true;
  }

  /** Host.runSlice. */
  void run() {
    beginSlice();
    runSlice();
    inside.getAndDecrement();
    if (endSlice()) {
      ready();
    }
  }

  void beginSlice() {
    PLACE.setVolatile(this, RUNNING);
  }

  /** Returns whether the thread is to run again. */
  boolean endSlice() {
    for (; ; ) {
      byte before = place;
      switch (before) {
        case AGAIN, LOST_AGAIN -> {
          holdsSeat = before == AGAIN;
          PLACE.setRelease(this, QUEUED);
          return true;
        }
        case FREE -> {
          return false;
        }
        default -> {
          if (PLACE.compareAndSet(this, before, OUT)) {
            holdsSeat = before != LOST;
            return false;
          }
        }
      }
    }
  }

  /** Host.execute. */
  private void execute() {
    if (becomesQueued()) {
      ready();
    }
  }

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

  // The seat.

  /** Host.holdsSeat. */
  boolean holdsSeat() {
    return place < ASKED || keepsSeat();
  }

  final boolean keepsSeat() {
    while (place == ASKED) {
      if (PLACE.compareAndSet(this, ASKED, RUNNING)) {
        return true;
      }
    }
    return place < ASKED;
  }

  /** Relief.tryTakeSeat; returns whether the seat was taken. */
  final boolean relieve() {
    if (!PLACE.compareAndSet(this, RUNNING, ASKED)) {
      return false;
    }
    if (!usesSeat && PLACE.compareAndSet(this, ASKED, LOST)) {
      return true;
    }
    boolean unused = PLACE.compareAndSet(this, ASKED, RUNNING);
    return false;
  }

  /** Host.hold, a look at the thread, and Host.letGo. */
  final void holdAndLetGo() {
    if (!hold()) {
      return;
    }
    int now = state;
    ranWhileHeld |= now != PARKED && now != UNPARKED && now != TERMINATED;
    if (!PLACE.compareAndSet(this, HELD, OUT)) {
      PLACE.setRelease(this, QUEUED);
      ready();
    }
  }

  /** Host.hold. */
  boolean hold() {
    return PLACE.compareAndSet(this, OUT, HELD);
  }

  /** Execution.ready. */
  final void ready() {
    if (entries.getAndIncrement() != 0) {
      queuedTwice = true;
    }
  }

  /** Host.awaitNext, up to the decision; returns whether the host waits for a fiber. */
  boolean tryFree() {
    return PLACE.compareAndSet(this, RUNNING, FREE);
  }
}
