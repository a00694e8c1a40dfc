package dev.picos.sched.fifo;

import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;

/** The contract of every scheduler, with the smallest quota. */
class FifoQuotaContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return FifoScheduler.builder().quota(1).build();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(
        Capability.CANCELED_FIRST, Capability.FAIRNESS, Capability.QUOTA, Capability.BLOCKING);
  }
}
