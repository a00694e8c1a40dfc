package dev.picos.tck;

import dev.picos.core.Scheduler;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The contract of a {@link Scheduler}, as a JUnit suite: a scheduler that passes runs every library
 * written against {@code dev.picos.core}.
 *
 * {@snippet :
 * class MySchedulerContractTest extends SchedulerContract {
 *   @Override
 *   protected Scheduler newScheduler() {
 *     return MyScheduler.create();
 *   }
 *
 *   @Override
 *   protected Set<Capability> capabilities() {
 *     return EnumSet.of(Capability.FIFO_ORDER, Capability.FAIRNESS);
 *   }
 * }
 * }
 *
 * <p>Each test is a rule, named by its identifier; {@code docs/contract.md} of the project says for
 * each why it is there and what to change when it fails. Rules that need a {@link Capability} that
 * was not declared are skipped. A rule that a scheduler cannot keep is overridden with
 * {@code @Test @Disabled("why")}, so that it shows in the report.
 *
 * <p>A rule runs in a thread of its own, which is given up after {@link #timeout}; the failure then
 * says what was waited for and what every thread and fiber was doing. The threads stay behind,
 * suspended, and the next rule starts with a scheduler of its own.
 *
 * <p>Rules that hunt for a race, or count what is left behind, pass by chance on a scheduler that
 * is wrong; more {@link #rounds} make that less likely. Some rules ask the JVM to collect garbage
 * and fail under {@code -XX:+DisableExplicitGC}.
 */
@ExtendWith(RuleRunner.class)
@SuppressWarnings("exports") // of the annotation above, which concerns JUnit alone
@TestMethodOrder(MethodOrderer.DisplayName.class)
public abstract class SchedulerContract
    implements RunRules,
        SpawnRules,
        CurrentRules,
        RandomRules,
        ForbidRules,
        AwaitRules,
        WakeRules,
        CancelRules,
        TimeRules,
        YieldRules,
        NestRules,
        FatalRules,
        InterruptRules,
        LocalRules,
        ScaleRules,
        SpaceRules,
        CapabilityRules {

  private volatile long deadline;
  private volatile @Nullable String waitedInVainFor;
  private volatile @Nullable Scheduler latest;

  /** Makes a suite; for subclasses. */
  protected SchedulerContract() {}

  /**
   * Makes a scheduler. This is called at least once for each rule, in a plain thread; several
   * schedulers may be in use at a time.
   */
  protected abstract Scheduler newScheduler();

  /** Makes a scheduler for a rule. */
  @Override
  public final Scheduler scheduler() {
    Scheduler scheduler = newScheduler();
    latest = scheduler;
    return new NotingScheduler(this, scheduler);
  }

  /** The scheduler that the rule has made last; {@code null} if it has made none yet. */
  final @Nullable Scheduler latestScheduler() {
    return latest;
  }

  /** What the scheduler promises beyond the rules that hold for all; nothing unless overridden. */
  protected Set<Capability> capabilities() {
    return Set.of();
  }

  /**
   * How long a rule may take before it is considered hung: a minute, or what {@code
   * -Dpicos.tck.timeout} says, such as {@code 90s} or {@code 5m}.
   */
  protected Duration timeout() {
    return timeout(System.getProperty("picos.tck.timeout", "60s"));
  }

  static Duration timeout(String written) {
    try {
      Duration timeout = Duration.parse("PT" + written);
      if (timeout.isPositive()) {
        return timeout;
      }
    } catch (DateTimeParseException e) {
      // says neither which property nor what to write
    }
    throw new IllegalArgumentException(
        "picos.tck.timeout=" + written + ": write a time of more than 0, as 10s or 5m");
  }

  /** Called when a rule begins. */
  final void startClock() {
    // Whatever waits in vain is to say so before the rule is given up, since that message says
    // less. On a busy machine a fiber that waits may need long until it has a turn.
    deadline = System.nanoTime() + timeout().toNanos() / 2;
  }

  /**
   * Called when a rule is over: whatever part of it still waits, perhaps in another thread, is to
   * give up.
   */
  final void stopClock() {
    deadline = System.nanoTime();
  }

  @Override
  public final long deadline() {
    return deadline;
  }

  @Override
  public final void gaveUp(String what) {
    if (waitedInVainFor == null) {
      waitedInVainFor = what;
    }
  }

  /** What the first one that gave up had waited for; {@code null} if none did. */
  final @Nullable String waitedInVainFor() {
    return waitedInVainFor;
  }

  /**
   * How often a rule repeats what goes wrong in some runs only, or at scale: {@code usual} times
   * the factor that {@code -Dpicos.tck.effort} gives, such as {@code 10} or {@code 0.1}.
   *
   * @return at least 1
   */
  @Override
  public int rounds(int usual) {
    return (int) Math.max(1, usual * effort(System.getProperty("picos.tck.effort", "1")));
  }

  static double effort(String written) {
    try {
      double effort = Double.parseDouble(written);
      if (effort > 0 && effort < Double.POSITIVE_INFINITY) {
        return effort;
      }
    } catch (NumberFormatException e) {
      // says neither which property nor what to write
    }
    throw new IllegalArgumentException(
        "picos.tck.effort=" + written + ": write a number of more than 0, as 10 or 0.1");
  }
}
