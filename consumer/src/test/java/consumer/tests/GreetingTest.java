package consumer.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import consumer.Greeting;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import org.junit.jupiter.api.Test;

class GreetingTest {
  @Test
  void greeting_onFifo_inNamedModules() {
    assertTrue(FifoScheduler.class.getModule().isNamed());

    assertEquals("hello from true", Greeting.on(FifoScheduler.create()));
  }

  @Test
  void greeting_onThreads_needsNoFlag() {
    assertEquals("hello from true", Greeting.on(ThreadScheduler.create()));
  }
}
