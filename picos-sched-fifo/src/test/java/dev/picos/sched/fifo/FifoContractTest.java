package dev.picos.sched.fifo;

import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;

/** The contract of every scheduler. */
class FifoContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return FifoScheduler.create();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(
        Capability.FIFO_ORDER, Capability.CANCELED_FIRST, Capability.FAIRNESS, Capability.BLOCKING);
  }
}
