package dev.picos.tck;

import java.util.Set;
import java.util.TreeSet;

/** What can be wrong with a {@link BatonScheduler}, and the rules that are to show it. */
enum Flaw {
  /** It is correct. */
  NONE,
  /** It claims all capabilities, and lacks these. */
  CLAIMS_EVERYTHING(
      "PARALLEL-01",
      "PARALLEL-02",
      "QUOTA-01",
      "QUOTA-02",
      "QUOTA-03",
      "QUOTA-04",
      "QUOTA-05",
      "BLOCKING-01",
      "VIRTUAL-01",
      "VIRTUAL-02"),

  TAKES_NULL("RUN-13"),
  REFUSES_NULL_VALUES("RUN-01"),
  WRAPS_EXCEPTIONS("RUN-02", "RUN-05", "NEST-06"),
  RETURNS_ALTHOUGH_CANCELED("RUN-03"),
  LEAVES_MAIN_RUNNING("RUN-06", "RUN-17"),
  /** The computation of main is completed when the run has ended. */
  COMPLETES_MAIN_WITH_NULL("RUN-03", "RUN-06"),
  COMPLETES_MAIN_LAST("RUN-06", "RUN-17"),
  REFUSES_SPAWNS_ONCE_MAIN_HAS_THROWN("RUN-18"),
  FORGETS_THE_GIVEN_FIBER("RUN-07"),
  COMPLETES_THE_GIVEN_COMPUTATION("RUN-07"),
  CHECKS_BEFORE_MAIN("RUN-08", "CURRENT-03", "FORBID-03", "AWAIT-03", "AWAIT-06", "YIELD-02"),
  RUNS_ONCE(
      "RUN-01",
      "RUN-02",
      "RUN-06",
      "RUN-09",
      "RUN-10",
      "RUN-19",
      "SPAWN-05",
      "SPAWN-08",
      "TIME-17",
      "NEST-01",
      "NEST-04",
      "NEST-05",
      "NEST-06",
      "NEST-07",
      "NEST-08",
      "FATAL-06",
      "FATAL-07",
      "FATAL-08",
      "INTERRUPT-04",
      "SPACE-03",
      "SPACE-04"),
  RUNS_ONE_AT_A_TIME(
      "RUN-10",
      "RUN-19",
      "SPAWN-08",
      "NEST-01",
      "NEST-04",
      "NEST-05",
      "NEST-06",
      "NEST-07",
      "NEST-08",
      "FATAL-08"),
  CHECKS_ITS_CALLER("RUN-15", "NEST-07"),
  /** Whoever has started a run that has failed forbids cancelation from then on. */
  FORBIDS_ONCE_FAILED("RUN-16"),
  /** Whoever has started a run permits cancelation from then on. */
  PERMITS_AFTER_RUNS("RUN-16"),
  /** A run waits until there are fewer than ten others. */
  RUNS_TEN_AT_A_TIME("RUN-19", "NEST-08"),
  /** The thread of the fiber that waits for a nested run keeps the baton. */
  BLOCKS_THE_CALLER("NEST-04", "NEST-05"),
  REFUSES_VIRTUAL_CALLERS(
      "RUN-11",
      "NEST-01",
      "NEST-02",
      "NEST-04",
      "NEST-05",
      "NEST-06",
      "NEST-07",
      "NEST-08",
      "FATAL-08"),
  /** As if fibers ran on the stack of the caller, and could not be switched there. */
  REFUSES_CALLERS_WITH_MONITORS("RUN-12"),
  /** The thread that has called run is a fiber of the run for ever. */
  KEEPS_THE_CALLER("NEST-02"),
  /** A run returns when its main ends, and its other fibers run no more. */
  STOPS_WITH_MAIN(
      "RUN-04",
      "RUN-05",
      "RUN-18",
      "SPAWN-01",
      "SPAWN-03",
      "SPAWN-04",
      "SPAWN-05",
      "SPAWN-06",
      "SPAWN-09",
      "SPAWN-10",
      "FATAL-01",
      "FATAL-03",
      "FATAL-05",
      "FATAL-07",
      "FATAL-08",
      "FATAL-11",
      "SCALE-01",
      "SCALE-02",
      "SCALE-03",
      "SCALE-04",
      "FIFO-01",
      "FIFO-02",
      "FIFO-03",
      "FIFO-04",
      "FIFO-07",
      "CANCELED-01",
      "FAIRNESS-01"),

  PASSES_ANOTHER_FIBER("SPAWN-01", "SPAWN-08", "CANCEL-05"),
  SPAWNS_UNCHECKED("SPAWN-02", "FORBID-04", "CANCEL-06", "QUOTA-03"),
  /** The child runs although spawn throws. */
  SPAWNS_AND_THROWS(Set.of("SPAWN-02", "QUOTA-03"), Set.of("SPAWN-05")),
  /** Spawn lets others run, and then throws if the parent was canceled meanwhile. */
  CHECKS_AFTER_SPAWN("SPAWN-05", "FIFO-01", "FIFO-02", "QUOTA-03"),
  DROPS_CANCELED_CHILDREN("SPAWN-02", "SPAWN-04", "TIME-09", "FATAL-03"),
  INHERITS_FORBIDDING("SPAWN-06"),
  REFUSES_FIBERS_FROM_OUTSIDE(
      "SPAWN-08", "SPAWN-09", "SPAWN-10", "FATAL-10", "FATAL-11", "SCALE-04", "FIFO-04", "FIFO-07"),
  RUNS_FIBERS_FROM_OUTSIDE_ELSEWHERE(
      "SPAWN-08", "SPAWN-09", "FATAL-10", "FATAL-11", "SCALE-04", "FIFO-04", "FIFO-07"),
  /** Each of them takes the place of another in the count, and the run ends too early. */
  DOES_NOT_COUNT_FIBERS_FROM_OUTSIDE(
      "SPAWN-08", "SPAWN-09", "SPAWN-10", "FATAL-11", "SCALE-04", "FIFO-04", "FIFO-07"),

  CHECKS_HOME_OF_FIBERS_FROM_OUTSIDE("SPAWN-10"),
  /** What a fiber makes ready goes before what has come from outside while it ran. */
  LOOKS_OUTSIDE_ONLY_BETWEEN_FIBERS("FIFO-07"),
  /** Another run of the same scheduler is the same run. */
  TAKES_ALL_RUNS_FOR_ONE("SPAWN-08"),

  CHECKS_IN_CURRENT("CURRENT-03", "NEST-07"),
  IS_INHERITED_BY_THREADS("SPAWN-08", "CURRENT-04"),
  TAKES_ALL_FOR_MAIN("SPAWN-08", "CURRENT-01", "CURRENT-02", "NEST-05", "LOCAL-01", "LOCAL-02"),

  COUNTS_RANDOM_NUMBERS_FROM_ONE("RANDOM-01"),
  PREFERS_SMALL_RANDOM_NUMBERS("RANDOM-01"),
  TAKES_ANY_BOUND("RANDOM-02"),
  CHECKS_IN_RANDOM("RANDOM-03"),

  FORGETS_TO_FORBID_IN_AWAIT("FORBID-01", "FORBID-02", "NEST-05", "NEST-07"),
  /** Whether a fiber that sets a timeout forbids cancelation is decided when it starts. */
  GOES_BY_THE_FIRST_FLAG("FORBID-04"),
  FORGETS_TO_FORBID_IN_YIELD("FORBID-02", "FORBID-03", "FORBID-04"),

  THROWS_OUT_OF_AWAIT(
      "FORBID-03",
      "AWAIT-03",
      "AWAIT-04",
      "AWAIT-05",
      "AWAIT-06",
      "AWAIT-09",
      "CANCEL-01",
      "CANCEL-02",
      "CANCEL-03",
      "CANCEL-04",
      "CANCEL-05",
      "INTERRUPT-05",
      "CANCELED-01"),
  /** An await returns another exception, which has the reason as its cause. */
  HIDES_REASONS(
      "FORBID-03",
      "AWAIT-03",
      "AWAIT-04",
      "AWAIT-05",
      "AWAIT-06",
      "AWAIT-09",
      "CANCEL-01",
      "CANCEL-02",
      "CANCEL-03",
      "CANCEL-04",
      "TIME-10",
      "INTERRUPT-05",
      "CANCELED-01"),
  /** Whoever is canceled while it waits finds its trigger as it was. */
  LEAVES_TRIGGERS_UNSIGNALED("AWAIT-04", "AWAIT-07", "CANCEL-03", "CANCEL-05"),
  DECIDES_AT_THE_SIGNAL("AWAIT-05"),
  DOES_NOT_AWAIT_ONCE_RETURNED("AWAIT-08"),
  TAKES_COMPLETION_FOR_CANCELATION("AWAIT-07", "AWAIT-08"),
  /** The first await of each fiber returns at once. */
  WAKES_FOR_NOTHING(
      Set.of(
          "FORBID-01",
          "AWAIT-01",
          "AWAIT-03",
          "AWAIT-04",
          "AWAIT-05",
          "AWAIT-07",
          "AWAIT-08",
          "AWAIT-09",
          "WAKE-01",
          "WAKE-02",
          "WAKE-04",
          "WAKE-09",
          "WAKE-10",
          "WAKE-12",
          "CANCEL-01",
          "CANCEL-02",
          "CANCEL-04",
          "CANCEL-05",
          "YIELD-03",
          "YIELD-06",
          "FATAL-06",
          "INTERRUPT-01",
          "INTERRUPT-02",
          "INTERRUPT-04",
          "INTERRUPT-05",
          "INTERRUPT-08",
          "FIFO-03",
          "CANCELED-01"),
      Set.of("WAKE-03", "WAKE-05", "WAKE-06", "WAKE-07", "CANCEL-03")),
  /** Does not wake up when idle, for a virtual thread that is not one of its own. */
  IGNORES_VIRTUAL_THREADS(Set.of("WAKE-02", "WAKE-07", "NEST-03"), Set.of("CURRENT-04")),
  /** Takes the third unpark for a signal. */
  IS_WOKEN_BY_UNPARKS(Set.of("WAKE-09"), Set.of("YIELD-06")),
  /** Forgets every tenth signal that comes before the fiber has given the baton away. */
  LOSES_EARLY_SIGNALS(Set.of("WAKE-03"), Set.of("WAKE-05", "WAKE-06", "WAKE-07", "CANCEL-03")),
  RESUMES_TWICE(
      Set.of(
          "WAKE-03",
          "WAKE-04",
          "WAKE-05",
          "WAKE-06",
          "WAKE-07",
          "WAKE-08",
          "CANCEL-05",
          "YIELD-06",
          "SPACE-01"),
      Set.of("CANCEL-03")),

  /** What a fiber wakes runs next. */
  RUNS_THE_WOKEN_FIRST("WAKE-13", "FIFO-03", "FAIRNESS-03"),
  /** A thread that signals waits until the running fiber gives way. */
  WAITS_IN_SIGNALS("WAKE-12", "SCALE-03"),
  /** Both resume the fiber, whatever the other has done. */
  RESUMES_FOR_SIGNAL_AND_CANCELATION(Set.of("CANCEL-05"), Set.of("CANCEL-03")),
  /** A fiber that spawns is canceled by the computation that it has started with. */
  GOES_BY_THE_FIRST_COMPUTATION("CANCEL-06"),

  YIELDS_TO_NOBODY(
      "YIELD-01",
      "YIELD-03",
      "YIELD-04",
      "YIELD-05",
      "FATAL-05",
      "INTERRUPT-10",
      "FIFO-02",
      "FIFO-03",
      "FIFO-06",
      "CANCELED-01",
      "FAIRNESS-01",
      "FAIRNESS-02"),
  /** A fiber that yields lets no more than 32 others run. */
  YIELDS_TO_SOME("YIELD-05", "FAIRNESS-01"),
  YIELDS_UNCHECKED("FORBID-03", "FORBID-04", "CANCEL-06", "YIELD-02", "YIELD-03"),
  CHECKS_BEFORE_YIELD("YIELD-03"),
  /** Takes the third unpark for its turn, and is in the queue all the same. */
  YIELDS_UNTIL_UNPARKED("YIELD-06", "FIFO-06"),
  /** Takes the third unpark for its turn, and leaves the queue. */
  YIELDS_NO_LONGER_WHEN_UNPARKED(Set.of("FIFO-06"), Set.of("YIELD-06")),
  LISTENS_ONLY_WHEN_IDLE("YIELD-04", "FAIRNESS-02"),

  WRAPS_REASONS_OF_TIMEOUTS("TIME-01", "TIME-03", "TIME-06", "TIME-12", "TIME-17"),
  IS_EARLY("TIME-02"),
  OVERFLOWS(Set.of("TIME-05", "TIME-16"), Set.of("TIME-10")),
  KEEPS_TIMEOUTS("TIME-08", "TIME-19", "TIME-20"),
  KEEPS_TIMEOUTS_OF_CANCELED("TIME-19"),
  /** Does not look whether the computation is still running when the timeout has been set. */
  KEEPS_TIMEOUTS_SET_TOO_LATE("TIME-20"),
  /** Keeps 48 bits of a delay. */
  SHORTENS_LONG_TIMEOUTS("TIME-16"),
  DROPS_TIMEOUTS_ONCE_FAILED("TIME-17"),
  /** No timeout passes any more after one that a completion has forestalled by a moment. */
  EXPECTS_TO_CANCEL_IN_TIME("TIME-21"),
  /** Sets no more than forty timeouts with the same delay in a run. */
  DROPS_EQUAL_TIMEOUTS("TIME-18"),
  /** No timeout passes any more after one of a computation that was completed before. */
  EXPECTS_TO_CANCEL("TIME-07", "TIME-08", "TIME-19", "TIME-20", "TIME-21"),
  SETS_TIMEOUTS_UNCHECKED("FORBID-04", "CANCEL-06", "TIME-09", "QUOTA-03"),
  WAITS_FOR_TIMEOUTS("TIME-05", "TIME-11", "TIME-16", "TIME-19"),
  TAKES_TIMEOUTS_WITH_IT("TIME-12", "TIME-17"),
  KEEPS_TIME_ONLY_WHEN_IDLE("TIME-14"),
  /** After an action has thrown no timeout passes any more. */
  LOSES_ITS_TIMER("TIME-13"),
  LOSES_ITS_TIMER_BY_ERRORS("TIME-13"),

  SWALLOWS_FATAL_ERRORS(
      "FATAL-01",
      "FATAL-02",
      "FATAL-03",
      "FATAL-04",
      "FATAL-05",
      "FATAL-06",
      "FATAL-07",
      "FATAL-08",
      "FATAL-10",
      "FATAL-11",
      "FIFO-05"),
  SWALLOWS_FATAL_ERRORS_AFTER_AWAITS("FATAL-01"),
  SWALLOWS_FATAL_ERRORS_FROM_OUTSIDE("FATAL-11"),
  GOES_ON_AFTER_FATAL_ERRORS("FATAL-06", "FATAL-10", "FIFO-05"),
  /** Those that have started go no further. */
  STARTS_FIBERS_AFTER_FATAL_ERRORS("FATAL-10", "FIFO-05"),
  REFUSES_FIBERS_ONCE_FAILED("FATAL-10"),
  FAILS_FOR_EVER("TIME-17", "FATAL-06", "FATAL-07", "SPACE-04"),

  LOSES_INTERRUPTS("INTERRUPT-01", "INTERRUPT-02", "INTERRUPT-06", "INTERRUPT-10"),
  IS_WOKEN_BY_INTERRUPTS("INTERRUPT-01", "INTERRUPT-02"),
  /** The next fiber finds the interrupt status that a fiber has ended with. */
  LEAVES_INTERRUPTS("INTERRUPT-03"),
  LOSES_INTERRUPTS_TO_OTHERS("INTERRUPT-06", "INTERRUPT-10"),
  LOSES_INTERRUPTS_WHILE_YIELDING("INTERRUPT-10"),
  DROPS_CHILDREN_OF_INTERRUPTED("INTERRUPT-07", "INTERRUPT-09"),
  DROPS_TIMEOUTS_OF_INTERRUPTED("INTERRUPT-07"),
  DROPS_SIGNALS_OF_INTERRUPTED("INTERRUPT-03", "INTERRUPT-08"),
  CLEARS_INTERRUPTS_OF_SIGNALERS("INTERRUPT-08"),
  /** The fiber that runs while another one waits finds the interrupt status of that one. */
  PASSES_INTERRUPTS_ON("INTERRUPT-09"),
  GIVES_UP_WHEN_INTERRUPTED("INTERRUPT-04"),
  NEVER_TELLS_OF_INTERRUPTS("INTERRUPT-05"),

  /** A fiber that continues finds its thread cleaned, as if it were for another fiber. */
  CLEANS_TOO_OFTEN("LOCAL-03"),
  LEAVES_THREAD_LOCALS("LOCAL-04", "LOCAL-05"),
  LEAVES_CLASS_LOADERS("LOCAL-05"),

  /** Drops what comes from outside while more than 300 fibers are ready. */
  HAS_LITTLE_ROOM("SCALE-03", "SCALE-04"),

  LEAKS_TRIGGERS("SPACE-01"),
  KEEPS_ENDED_FIBERS("SPACE-01", "SPACE-02", "SPACE-05"),
  /** With the fibers that have ended, but not with what they have run. */
  KEEPS_LOCALS("SPACE-05"),
  /** Each run leaves a thread behind that ends three seconds later. */
  LEAVES_THREADS("SPACE-03"),
  KEEPS_RUNS("SPACE-03", "SPACE-04"),
  KEEPS_FAILED_RUNS("SPACE-04"),

  STARTS_THE_LAST_FIRST(
      "SPAWN-11", "FIFO-01", "FIFO-02", "FIFO-04", "FIFO-05", "FIFO-07", "FAIRNESS-04"),
  CANCELED_COME_LAST("CANCELED-01"),

  /** A fiber that was canceled while its quota let others run throws out of what it has done. */
  CHECKS_AFTER_ITS_QUOTA("QUOTA-03"),
  /** A fiber whose quota is used up lets one other run, of those that have started. */
  LETS_ONE_OTHER_RUN("QUOTA-04", "QUOTA-05");

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
