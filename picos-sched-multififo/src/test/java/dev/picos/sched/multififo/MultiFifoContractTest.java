package dev.picos.sched.multififo;

import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;

/** The contract of every scheduler. */
class MultiFifoContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return MultiFifoScheduler.builder().domains(2).build();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(Capability.PARALLEL, Capability.FAIRNESS, Capability.BLOCKING);
  }
}
