package dev.picos.tck;

import java.util.Set;
import java.util.TreeSet;

/** What can be wrong with a {@link BatonScheduler}, and the rules that are to show it. */
enum Flaw {
  /** It is correct. */
  NONE,
  /** It claims all capabilities, and lacks these. */
  CLAIMS_EVERYTHING("PARALLEL-01", "QUOTA-01", "QUOTA-02", "BLOCKING-01", "VIRTUAL-01"),

  TAKES_NULL("RUN-13"),
  REFUSES_NULL_VALUES("RUN-01"),
  WRAPS_EXCEPTIONS("RUN-02", "RUN-05", "NEST-06"),
  RETURNS_ALTHOUGH_CANCELED("RUN-03"),
  LEAVES_MAIN_RUNNING("RUN-06"),
  FORGETS_THE_GIVEN_FIBER("RUN-07"),
  CHECKS_BEFORE_MAIN("RUN-08", "AWAIT-03", "AWAIT-06", "CURRENT-03", "FORBID-03", "YIELD-02"),
  RUNS_ONCE(
      "RUN-01",
      "RUN-02",
      "RUN-06",
      "RUN-09",
      "RUN-10",
      "SPAWN-05",
      "NEST-01",
      "NEST-04",
      "NEST-05",
      "NEST-06",
      "FATAL-06",
      "FATAL-07",
      "FATAL-08",
      "INTERRUPT-04"),
  RUNS_ONE_AT_A_TIME("RUN-10", "NEST-01", "NEST-04", "NEST-05", "NEST-06", "FATAL-08"),
  /** The thread of the fiber that waits for a nested run keeps the baton. */
  BLOCKS_THE_CALLER("NEST-04", "NEST-05"),
  REFUSES_VIRTUAL_CALLERS(
      "RUN-11", "NEST-01", "NEST-02", "NEST-04", "NEST-05", "NEST-06", "FATAL-08"),
  /** As if fibers ran on the stack of the caller, and could not be switched there. */
  REFUSES_CALLERS_WITH_MONITORS("RUN-12"),
  /** The thread that has called run is a fiber of the run for ever. */
  KEEPS_THE_CALLER("NEST-02"),
  /** A run returns when its main ends, and its other fibers run no more. */
  STOPS_WITH_MAIN(
      "RUN-04",
      "RUN-05",
      "SPAWN-01",
      "SPAWN-03",
      "SPAWN-04",
      "SPAWN-05",
      "SPAWN-06",
      "FATAL-01",
      "FATAL-03",
      "FATAL-05",
      "FATAL-07",
      "FATAL-08",
      "SCALE-01",
      "SCALE-02",
      "FIFO-01",
      "FIFO-02",
      "FIFO-03",
      "CANCELED-01",
      "FAIRNESS-01"),

  SPAWNS_UNCHECKED("SPAWN-02"),
  /** The child runs although spawn throws. */
  SPAWNS_AND_THROWS(Set.of("SPAWN-02"), Set.of("SPAWN-05")),
  /** Spawn lets others run, and then throws if the parent was canceled meanwhile. */
  CHECKS_AFTER_SPAWN("SPAWN-05", "FIFO-01", "FIFO-02"),
  DROPS_CANCELED_CHILDREN("SPAWN-02", "SPAWN-04", "FATAL-03", "TIME-09"),
  INHERITS_FORBIDDING("SPAWN-06"),

  CHECKS_IN_CURRENT("CURRENT-03"),
  IS_INHERITED_BY_THREADS("CURRENT-04"),
  TAKES_ALL_FOR_MAIN("CURRENT-01", "CURRENT-02", "LOCAL-01", "LOCAL-02", "NEST-05"),

  FORGETS_TO_FORBID_IN_AWAIT("FORBID-01", "FORBID-02", "NEST-05"),
  FORGETS_TO_FORBID_IN_YIELD("FORBID-02", "FORBID-03"),

  THROWS_OUT_OF_AWAIT(
      "AWAIT-03",
      "AWAIT-04",
      "AWAIT-05",
      "AWAIT-06",
      "AWAIT-09",
      "CANCEL-01",
      "CANCEL-02",
      "CANCEL-03",
      "CANCEL-04",
      "CANCELED-01",
      "FORBID-03"),
  /** An await returns another exception, which has the reason as its cause. */
  HIDES_REASONS(
      "AWAIT-03",
      "AWAIT-04",
      "AWAIT-05",
      "AWAIT-06",
      "AWAIT-09",
      "CANCEL-01",
      "CANCEL-02",
      "CANCEL-03",
      "CANCEL-04",
      "CANCELED-01",
      "FORBID-03",
      "TIME-10"),
  DECIDES_AT_THE_SIGNAL("AWAIT-05"),
  DOES_NOT_AWAIT_ONCE_RETURNED("AWAIT-08"),
  TAKES_COMPLETION_FOR_CANCELATION("AWAIT-07", "AWAIT-08"),
  /** The first await of each fiber returns at once. */
  WAKES_FOR_NOTHING(
      Set.of(
          "AWAIT-01",
          "AWAIT-03",
          "AWAIT-04",
          "AWAIT-05",
          "AWAIT-07",
          "AWAIT-08",
          "AWAIT-09",
          "CANCEL-01",
          "CANCEL-02",
          "CANCEL-04",
          "CANCELED-01",
          "FATAL-06",
          "FIFO-03",
          "FORBID-01",
          "INTERRUPT-01",
          "INTERRUPT-02",
          "INTERRUPT-04",
          "WAKE-01",
          "WAKE-02",
          "WAKE-04",
          "WAKE-09",
          "WAKE-10",
          "YIELD-03"),
      Set.of("CANCEL-03", "WAKE-03", "WAKE-05", "WAKE-06", "WAKE-07")),
  /** Does not wake up when idle, for a virtual thread that is not one of its own. */
  IGNORES_VIRTUAL_THREADS(Set.of("WAKE-02", "WAKE-07", "NEST-03"), Set.of("CURRENT-04")),
  /** Takes the third unpark for a signal. */
  IS_WOKEN_BY_UNPARKS("WAKE-09"),
  /** Forgets every tenth signal that comes before the fiber has given the baton away. */
  LOSES_EARLY_SIGNALS(Set.of("WAKE-03"), Set.of("WAKE-05", "WAKE-06", "WAKE-07", "CANCEL-03")),
  RESUMES_TWICE(
      Set.of("WAKE-03", "WAKE-04", "WAKE-05", "WAKE-06", "WAKE-07", "WAKE-08", "SPACE-01"),
      Set.of("CANCEL-03")),

  YIELDS_TO_NOBODY(
      "YIELD-01",
      "YIELD-03",
      "YIELD-04",
      "FIFO-02",
      "FIFO-03",
      "CANCELED-01",
      "FAIRNESS-01",
      "FAIRNESS-02",
      "FATAL-05"),
  YIELDS_UNCHECKED("YIELD-02", "YIELD-03", "FORBID-03"),
  CHECKS_BEFORE_YIELD("YIELD-03"),
  LISTENS_ONLY_WHEN_IDLE("YIELD-04", "FAIRNESS-02"),

  WRAPS_REASONS_OF_TIMEOUTS("TIME-01", "TIME-03", "TIME-06", "TIME-12"),
  IS_EARLY("TIME-02"),
  OVERFLOWS(Set.of("TIME-05"), Set.of("TIME-10")),
  KEEPS_TIMEOUTS("TIME-08"),
  /** No timeout passes any more after one of a computation that was completed before. */
  EXPECTS_TO_CANCEL("TIME-07", "TIME-08"),
  SETS_TIMEOUTS_UNCHECKED("TIME-09"),
  WAITS_FOR_TIMEOUTS("TIME-05", "TIME-11"),
  TAKES_TIMEOUTS_WITH_IT("TIME-12"),
  KEEPS_TIME_ONLY_WHEN_IDLE("TIME-14"),
  /** After an action has thrown no timeout passes any more. */
  LOSES_ITS_TIMER("TIME-13"),

  SWALLOWS_FATAL_ERRORS(
      "FATAL-01",
      "FATAL-02",
      "FATAL-03",
      "FATAL-04",
      "FATAL-05",
      "FATAL-06",
      "FATAL-07",
      "FATAL-08"),
  GOES_ON_AFTER_FATAL_ERRORS("FATAL-06"),
  FAILS_FOR_EVER("FATAL-06", "FATAL-07"),

  LOSES_INTERRUPTS("INTERRUPT-01", "INTERRUPT-02"),
  IS_WOKEN_BY_INTERRUPTS("INTERRUPT-01", "INTERRUPT-02"),
  /** The next fiber finds the interrupt status that a fiber has ended with. */
  LEAVES_INTERRUPTS("INTERRUPT-03"),
  GIVES_UP_WHEN_INTERRUPTED("INTERRUPT-04"),

  /** A fiber that continues finds its thread cleaned, as if it were for another fiber. */
  CLEANS_TOO_OFTEN("LOCAL-03"),
  LEAVES_THREAD_LOCALS("LOCAL-04"),

  LEAKS_TRIGGERS("SPACE-01"),
  KEEPS_ENDED_FIBERS("SPACE-01", "SPACE-02"),

  STARTS_THE_LAST_FIRST("FIFO-01", "FIFO-02"),
  CANCELED_COME_LAST("CANCELED-01");

  /** The rules that fail. */
  final Set<String> broken;

  /** The rules that fail by chance: where it takes a race that the rule does not force. */
  final Set<String> brokenByChance;

  Flaw(String... broken) {
    this(Set.of(broken), Set.of());
  }

  Flaw(Set<String> broken, Set<String> byChance) {
    this.broken = new TreeSet<>(broken);
    this.brokenByChance = byChance;
  }
}
