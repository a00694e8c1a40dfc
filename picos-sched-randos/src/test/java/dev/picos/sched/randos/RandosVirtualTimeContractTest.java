package dev.picos.sched.randos;

import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;

/** The contract of every scheduler, in virtual time. */
class RandosVirtualTimeContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return RandosScheduler.builder()
        .virtualTime(true)
        .closedWorld(false)
        .endsOnInterrupt(false)
        .build();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(Capability.FAIRNESS, Capability.BLOCKING, Capability.VIRTUAL_TIME);
  }
}
