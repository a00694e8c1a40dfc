package dev.picos.sched.randos;

import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;

/** The contract of every scheduler. */
class RandosContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return RandosScheduler.builder().endsOnInterrupt(false).build();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(Capability.FAIRNESS, Capability.BLOCKING);
  }
}
