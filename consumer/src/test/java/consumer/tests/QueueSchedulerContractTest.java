package consumer.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import consumer.QueueScheduler;
import dev.picos.core.Scheduler;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The contract of every scheduler, put to one that is in a named module by a test that is in one. */
class QueueSchedulerContractTest extends SchedulerContract {
  @Override
  protected Scheduler newScheduler() {
    return new QueueScheduler();
  }

  @Override
  protected Set<Capability> capabilities() {
    return EnumSet.of(Capability.FIFO_ORDER, Capability.FAIRNESS, Capability.BLOCKING);
  }

  @Test
  void contract_isInNamedModules() {
    assertEquals("consumer.tests", getClass().getModule().getName());
    assertEquals("consumer", QueueScheduler.class.getModule().getName());
    assertEquals("dev.picos.tck", SchedulerContract.class.getModule().getName());
  }
}
