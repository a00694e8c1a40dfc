package dev.picos.tck;

import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import java.util.EnumSet;
import java.util.Set;

// region contract
class ThreadSchedulerContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return ThreadScheduler.create();
  }

  @Override
  protected Set<Capability> capabilities() {
    return Runtime.getRuntime().availableProcessors() > 1
        ? EnumSet.of(Capability.PARALLEL, Capability.BLOCKING)
        : EnumSet.of(Capability.BLOCKING);
  }
}
// endregion
