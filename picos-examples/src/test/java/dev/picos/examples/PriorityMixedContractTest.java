package dev.picos.examples;

import dev.picos.core.Scheduler;
import dev.picos.examples.PriorityScheduler.Priority;

// region mixed
/** The contract again, with fibers of all priorities: the rules themselves set none. */
class PriorityMixedContractTest extends PriorityContractTest {
  @Override
  protected Scheduler newScheduler() {
    Priority[] all = Priority.values();
    return new PriorityScheduler(fiber -> all[System.identityHashCode(fiber) % all.length]);
  }
}
// endregion
