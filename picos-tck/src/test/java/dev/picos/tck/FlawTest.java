package dev.picos.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the suite says of schedulers that are wrong, each in one place, and of one that is not. */
@Timeout(value = 10, unit = TimeUnit.MINUTES) // a test may have to wait for many of the suites
class FlawTest {
  /** Rules that are to fail are mostly waited for. */
  private static final ExecutorService AT_ONCE = Executors.newFixedThreadPool(8);

  private static final Map<Flaw, Future<Suite>> SUITES = new EnumMap<>(Flaw.class);

  @BeforeAll
  static void startSuites() {
    for (Flaw flaw : Flaw.values()) {
      SUITES.put(flaw, AT_ONCE.submit(() -> Suite.run(flaw)));
    }
  }

  @AfterAll
  static void endSuites() {
    AT_ONCE.shutdownNow();
  }

  @ParameterizedTest
  @EnumSource
  void flaw_failsTheRulesThatItBreaks_andNoOthers(Flaw flaw) throws Exception {
    // a scheduler fails exactly the rules that its flaw is listed with, and passes the others
    Suite suite = SUITES.get(flaw).get();

    assertThat(suite.failed).containsOnlyKeys(flaw.broken);
    assertThat(suite.passed).hasSizeGreaterThan(90 - flaw.broken.size());
  }

  @Test
  void ruleThatHangs_saysWhatItWaitsFor() throws Exception {
    // the failure of a rule that hangs names the rule, the scheduler, what it waits for and where,
    // and shows what the fibers do; the rules after it are not affected
    Suite suite = SUITES.get(Flaw.BLOCKS_THE_CALLER).get();

    assertThat(suite.failed.get("NEST-04"))
        .startsWith("NEST-04: a fiber that waits for a run of its own lets other fibers run")
        .containsPattern(
            "has not ended within PT0.5S on .*BatonScheduler@.*; it waits for the run to return at")
        .contains("NestRules.nest04_othersGoOn(NestRules.java:")
        .containsPattern("fiber of a baton scheduler(?s:.*)at dev.picos.core.Trigger.await");
    assertThat(suite.passed).containsKeys("NEST-06", "YIELD-01");
  }

  @Test
  void ruleThatHangs_saysWhatAFiberHasGivenUp() throws Exception {
    // a fiber that waits in vain throws, but the run may never bring that out
    Suite suite = SUITES.get(Flaw.YIELDS_TO_NOBODY).get();

    assertThat(suite.failed.get("CANCELED-01"))
        .containsPattern(
            "has not ended within PT0.5S on .*BatonScheduler@.*; it waits for the run to return at")
        .contains("and has waited in vain for both fibers to await");
  }

  @Test
  void capabilityThatIsNotClaimed_isSkippedWithTheReason() throws Exception {
    // the rules for what a scheduler does not claim are skipped, and say so
    Suite suite = SUITES.get(Flaw.NONE).get();

    assertThat(suite.skipped)
        .containsOnlyKeys("PARALLEL-01", "PARALLEL-02", "BLOCKING-01", "VIRTUAL-01", "VIRTUAL-02");
    assertThat(suite.skipped.get("PARALLEL-01")).endsWith("the scheduler does not claim PARALLEL");
  }

  @Test
  void ruleAboutRealTime_isSkippedInVirtualTime() throws Exception {
    // with virtual time the rules about the clock of the machine are skipped
    Suite suite = SUITES.get(Flaw.CLAIMS_EVERYTHING).get();

    assertThat(suite.skipped).containsOnlyKeys("TIME-02", "TIME-12", "TIME-14", "TIME-17");
  }
}
