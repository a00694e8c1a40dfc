package dev.picos.sched.multififo;

import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;

/** The contract of every scheduler, with the smallest quota. */
class MultiFifoQuotaContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return MultiFifoScheduler.builder().domains(2).quota(1).build();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(
        Capability.PARALLEL, Capability.FAIRNESS, Capability.QUOTA, Capability.BLOCKING);
  }
}
