package dev.picos.examples;

import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;

/** The contract of every scheduler. */
class LifoContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return new LifoScheduler();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(Capability.BLOCKING);
  }
}
