package dev.picos.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the suite says of schedulers that are wrong, each in one place, and of one that is not. */
class FlawTest {
  @ParameterizedTest
  @EnumSource
  void flaw_failsTheRulesThatItBreaks_andNoOthers(Flaw flaw) {
    // a scheduler fails exactly the rules that its flaw is listed with, and passes the others
    Suite suite = Suite.run(BatonContract.class, flaw);

    assertThat(suite.failed).containsOnlyKeys(flaw.broken);
    assertThat(suite.passed).hasSizeGreaterThan(80 - flaw.broken.size());
  }

  @Test
  void ruleThatHangs_saysWhatItWaitsFor() {
    // the failure of a rule that hangs names the rule, what it waits for and where, and shows what
    // the fibers do; the rules after it are not affected
    Suite suite = Suite.run(BatonContract.class, Flaw.BLOCKS_THE_CALLER);

    assertThat(suite.failed.get("NEST-04"))
        .startsWith("NEST-04: a fiber that waits for a run of its own lets other fibers run")
        .contains("has not ended within PT0.5S; it waits for the run to return at")
        .contains("NestRules.nest04_othersGoOn(NestRules.java:")
        .containsPattern("fiber of a baton scheduler(?s:.*)at dev.picos.core.Trigger.await");
    assertThat(suite.passed).containsKeys("NEST-06", "YIELD-01");
  }

  @Test
  void ruleThatHangs_saysWhatAFiberHasGivenUp() {
    // a fiber that waits in vain throws, but the run may never bring that out
    Suite suite = Suite.run(BatonContract.class, Flaw.YIELDS_TO_NOBODY);

    assertThat(suite.failed.get("CANCELED-01"))
        .contains("has not ended within PT0.5S; it waits for the run to return at")
        .contains("and has waited in vain for both fibers to await");
  }

  @Test
  void capabilityThatIsNotClaimed_isSkippedWithTheReason() {
    // the rules for what a scheduler does not claim are skipped, and say so
    Suite suite = Suite.run(BatonContract.class, Flaw.NONE);

    assertThat(suite.skipped)
        .containsOnlyKeys("PARALLEL-01", "QUOTA-01", "QUOTA-02", "BLOCKING-01", "VIRTUAL-01");
    assertThat(suite.skipped.get("QUOTA-01")).endsWith("the scheduler does not claim QUOTA");
  }

  @Test
  void capabilityThatIsClaimedInVain_fails() {
    // a scheduler that claims everything fails the rules for what it is not capable of; with
    // virtual time the rules about real time are skipped
    Suite suite = Suite.run(BoastingContract.class, Flaw.NONE);

    assertThat(suite.failed)
        .containsOnlyKeys("PARALLEL-01", "QUOTA-01", "QUOTA-02", "BLOCKING-01", "VIRTUAL-01");
    assertThat(suite.skipped).containsOnlyKeys("TIME-02", "TIME-12", "TIME-14");
  }

  static class BoastingContract extends BatonContract {
    BoastingContract(Flaw flaw) {
      super(flaw);
    }

    @Override
    protected Set<Capability> capabilities() {
      return EnumSet.allOf(Capability.class);
    }

    @Override
    protected Duration timeout() {
      return Duration.ofSeconds(1);
    }
  }
}
