package dev.picos.tck;

import dev.picos.core.Scheduler;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** The contract, put to a scheduler with the flaw that the configuration of JUnit names. */
@ExtendWith(BatonContract.ConfiguredFlaw.class)
class BatonContract extends SchedulerContract {
  static final String FLAW = "dev.picos.tck.flaw";

  private final Flaw flaw;

  /** Of the rule that is being tested. */
  private String id = "";

  BatonContract(Flaw flaw) {
    this.flaw = flaw;
  }

  @Override
  protected Scheduler newScheduler() {
    return new BatonScheduler(flaw);
  }

  @Override
  protected Set<Capability> capabilities() {
    return flaw == Flaw.CLAIMS_EVERYTHING
        ? EnumSet.allOf(Capability.class)
        : EnumSet.of(
            Capability.FIFO_ORDER,
            Capability.CANCELED_FIRST,
            Capability.FAIRNESS,
            Capability.QUOTA);
  }

  /** Short only where a rule is expected to hang: on a busy machine any other may take long. */
  @Override
  protected Duration timeout() {
    return mayFail() ? Duration.ofMillis(500) : Duration.ofSeconds(20);
  }

  /** Many only where a rule is expected to fail, or to pass with a scheduler that is correct. */
  @Override
  public int rounds(int usual) {
    boolean many = mayFail() || flaw == Flaw.NONE;
    return Math.min(usual, many ? Math.max(50, usual / 200) : 20);
  }

  private boolean mayFail() {
    return flaw.broken.contains(id) || flaw.brokenByChance.contains(id);
  }

  static final class ConfiguredFlaw implements ParameterResolver, BeforeEachCallback {
    @Override
    public void beforeEach(ExtensionContext context) {
      BatonContract contract = (BatonContract) context.getRequiredTestInstance();
      contract.id = context.getDisplayName().replaceFirst(":.*", "");
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == Flaw.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return Flaw.valueOf(context.getConfigurationParameter(FLAW).orElseThrow());
    }
  }
}
