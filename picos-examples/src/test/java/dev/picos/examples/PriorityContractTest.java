package dev.picos.examples;

import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;

// region contract
/** The contract of every scheduler. */
class PriorityContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return new PriorityScheduler();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(Capability.BLOCKING, Capability.CANCELED_FIRST, Capability.QUOTA);
  }
}
// endregion
