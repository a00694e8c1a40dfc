package dev.picos.domains;

import static dev.picos.core.Computation.Mode.LIFO;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import dev.picos.domains.Census.Living;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The patience that the caller of a run has: it waits for the end no longer than a given time, or
 * until it is interrupted. Then it gives the run up, with a message that says what the fibers do.
 */
final class Patience {
  // For maintainers.
  //
  // It is the caller that gives a run up, in its own thread, and so it may block and take memory. A
  // timer and an interrupt do no more than wake it, through one computation, the alarm, which also
  // tells which of the two it was: the first one wins.
  //
  //   1. The fibers are described. They go on meanwhile, so a description is what was seen of one
  //      fiber at one moment. If the run ends before the next step, it has not been given up.
  //   2. What the run is given up with is set, once. The roster then stops every fiber by force,
  //      and every fiber that begins from now on (see there).
  //   3. The caller waits for the end, which comes if all fibers end, but not for long.
  //   4. The execution is stopped, as after a fatal error. It may be that its domains do not leave,
  //      so the caller does not wait for that.
  //
  // A run that a fiber of such a run has begun is part of it, since nobody else would give it up:
  // it is in the set of the surrounding one while its caller waits. It takes part in each of the
  // steps at the same time, by the hand of the outermost caller. So it does not matter that its own
  // caller, a fiber, may not have a turn any more. Nor does a run escape by beginning late: it
  // first enters the set, and then reads whether the surrounding one is given up; whoever gives
  // that up sets this first, and then goes through the set. The map's accesses are no volatile
  // ones, hence the fences.

  /** The property that limits all runs that have no limit of their own. */
  private static final String PROPERTY = "picos.run.timeout";

  /** How long fibers have to end, once they have been stopped by force. */
  private static final Duration GRACE = Duration.ofSeconds(1);

  /** How many fibers of a run are looked at; the stacks of very many would fill the heap. */
  private static final int MOST_REPORTED = 100;

  private static final Trigger.Action<Trigger, @Nullable Void> WAKE =
      (trigger, caller, none) -> caller.signal();

  /** The reason with which an alarm is canceled when time is up; nobody sees it. */
  private static final Throwable ELAPSED = new Exception("elapsed", null, false, false) {};

  private final Execution execution;
  private final Computation<@Nullable Void> end;
  private final Census census;
  private final Roster roster;
  private final @Nullable Duration limit;
  private final boolean endsOnInterrupt;
  private final @Nullable Patience surrounding;
  private final Set<Patience> nested = ConcurrentHashMap.newKeySet();
  private final AtomicReference<@Nullable UnfinishedRunException> givenUp = new AtomicReference<>();

  /**
   * @param surrounding that of the run whose fiber the caller is, if there is one
   */
  Patience(
      Execution execution,
      Computation<@Nullable Void> end,
      Census census,
      @Nullable Duration limit,
      boolean endsOnInterrupt,
      @Nullable Patience surrounding) {
    this.execution = execution;
    this.end = end;
    this.census = census;
    this.limit = limit;
    this.endsOnInterrupt = endsOnInterrupt;
    this.surrounding = surrounding;
    roster = new Roster(execution::fail);
  }

  /**
   * Returns the limit that all runs have that have none of their own, if there is one.
   *
   * @throws IllegalArgumentException if the property says something else
   */
  static @Nullable Duration limitOfAllRuns() {
    String written = System.getProperty(PROPERTY);
    if (written == null) {
      return null;
    }
    try {
      Duration limit = Duration.parse("PT" + written);
      if (limit.isPositive()) {
        return limit;
      }
    } catch (DateTimeParseException e) {
      // says neither which property nor what to write
    }
    throw new IllegalArgumentException(
        PROPERTY + "=" + written + ": write a time of more than 0, as 30s or 5m");
  }

  Roster roster() {
    return roster;
  }

  /** What the run has been given up with, if it has. */
  @Nullable UnfinishedRunException givenUp() {
    return givenUp.get();
  }

  // The caller's side.

  /**
   * Called before the run begins.
   *
   * @throws UnfinishedRunException if the surrounding one has been given up
   */
  void begin() {
    if (surrounding != null) {
      surrounding.nested.add(this);
      VarHandle.fullFence();
      UnfinishedRunException unfinished = surrounding.givenUp();
      if (unfinished != null) {
        over();
        throw unfinished;
      }
    }
  }

  /** Called when the caller does not wait any more. */
  void over() {
    if (surrounding != null) {
      surrounding.nested.remove(this);
    }
  }

  /**
   * Waits until the run is over, or gives it up. Where there is no memory to wait with, this tries
   * again.
   *
   * @throws UnfinishedRunException if the run has been given up
   */
  void awaitEnd() {
    Throwable why = null;
    try {
      while (end.isRunning() && why == null) {
        try {
          why = await(limit, endsOnInterrupt);
        } catch (OutOfMemoryError full) {
          Thread.onSpinWait();
        }
      }
      if (why != null) {
        giveUp(why);
      }
    } finally {
      if (why instanceof InterruptedException) {
        Thread.currentThread().interrupt(); // which the alarm has used up
      }
    }
    UnfinishedRunException unfinished = givenUp();
    if (unfinished != null) {
      suppressIn(unfinished);
      throw unfinished;
    }
  }

  /**
   * Waits for the end; returns what the alarm was canceled with if that came first, else {@code
   * null}.
   */
  private @Nullable Throwable await(@Nullable Duration limit, boolean endsOnInterrupt) {
    Trigger trigger = new Trigger();
    Computation<@Nullable Void> alarm = Computation.withAction(LIFO, trigger, null, WAKE);
    if (!end.tryAttach(trigger)) {
      return null;
    }
    Fiber caller = Fiber.current();
    Computation<?> before = endsOnInterrupt ? caller.exchangeCanceledByInterrupt(alarm) : null;
    try {
      if (limit != null) {
        WheelTimer.shared().cancelAfter(alarm, limit, ELAPSED);
      }
      caller.runForbiddingCancelation(
          () -> {
            Throwable unused = trigger.await();
          });
    } finally {
      if (endsOnInterrupt) {
        Computation<?> unused = caller.exchangeCanceledByInterrupt(before);
      }
      alarm.tryReturn(null);
      end.detach(trigger);
    }
    return alarm.cancelReason();
  }

  private void giveUp(Throwable why) {
    try {
      UnfinishedRunException unfinished = describe(why);
      if (end.isRunning()) {
        force(unfinished);
        Throwable unused = await(GRACE, false);
      }
    } finally {
      stop(); // also where memory runs out, and to no effect if the run is over
    }
  }

  /** What nobody else learns of goes into the exception that the caller gets. */
  private void suppressIn(UnfinishedRunException unfinished) {
    Throwable other = end.isCanceled() ? end.cancelReason() : execution.failure();
    if (other != null && other != unfinished) {
      unfinished.addSuppressed(other);
    }
  }

  // What happens to this run and to the nested ones.

  private void force(UnfinishedRunException unfinished) {
    givenUp.compareAndSet(null, unfinished);
    VarHandle.fullFence();
    nested.forEach(each -> each.force(unfinished)); // before their callers are interrupted
    roster.force(new Outcome.Canceled<>(Objects.requireNonNull(givenUp())));
  }

  private void stop() {
    execution.stop();
    nested.forEach(Patience::stop);
  }

  // The description.

  private UnfinishedRunException describe(Throwable why) {
    StringBuilder message = new StringBuilder("a run of ").append(execution);
    if (why == ELAPSED) {
      message.append(" has not ended within ").append(limit);
    } else {
      message.append(" was given up, since its caller was interrupted");
    }
    List<FiberReport> fibers = describe(message);
    return new UnfinishedRunException(message.toString(), fibers);
  }

  private List<FiberReport> describe(StringBuilder message) {
    List<Living> all = census.inOrder();
    Set<Living> running = all.stream().filter(Patience::isRunning).collect(Collectors.toSet());
    Stream<Living> others = all.stream().filter(one -> !running.contains(one));
    Stream<Living> first = all.stream().filter(running::contains);
    List<FiberReport> fibers =
        Census.report(Stream.concat(first, others).limit(MOST_REPORTED).toList());
    message.append("; ").append(all.size());
    message.append(all.size() == 1 ? " fiber is alive:" : " fibers are alive:");
    FiberReport.describe(fibers, all.size(), message);
    for (Patience each : nested) {
      message.append(System.lineSeparator());
      message.append("and in a run of ").append(each.execution).append(", inside of that");
      List<FiberReport> unused = each.describe(message);
    }
    return fibers;
  }

  private static boolean isRunning(Living one) {
    return one.status() == FiberReport.Status.RUNNING;
  }
}
