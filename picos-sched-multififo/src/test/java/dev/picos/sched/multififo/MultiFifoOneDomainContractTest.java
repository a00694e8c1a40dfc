package dev.picos.sched.multififo;

import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;

/** The contract of every scheduler, on one domain. */
class MultiFifoOneDomainContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return MultiFifoScheduler.builder().domains(1).build();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(
        Capability.FIFO_ORDER, Capability.CANCELED_FIRST, Capability.FAIRNESS, Capability.BLOCKING);
  }
}
