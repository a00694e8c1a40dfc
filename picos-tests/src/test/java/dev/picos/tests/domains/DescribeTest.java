package dev.picos.tests.domains;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.domains.Domains;
import dev.picos.domains.Service;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.testing.Wait;
import dev.picos.tests.OnEveryScheduler;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What can be found out about fibers from outside. */
class DescribeTest {
  private static Stream<String> linesAbout(String scheduler) {
    return Domains.shared().describe().lines().filter(line -> line.startsWith(scheduler + ":"));
  }

  private static void untilThereAre(String fibers) {
    Wait.until(() -> linesAbout("fifo").anyMatch(line -> line.endsWith(" fibers: " + fibers)));
  }

  @Test
  void fibers_areCountedByWhatTheyDo() throws Exception {
    Computation<Boolean> goesOn = new Computation<>();
    CountDownLatch ends = new CountDownLatch(1);
    try (Service service = FifoScheduler.create().start()) {
      try {
        for (int i = 0; i < 1_200; i++) {
          service.submitBlock(goesOn::join);
        }
        untilThereAre("0 running, 0 ready, 1,200 waiting, 0 not started");
        service.submitBlock(
            () -> {
              while (ends.getCount() > 0) {
                Thread.onSpinWait();
              }
            });
        service.submitBlock(() -> {});
        untilThereAre("1 running, 0 ready, 1,200 waiting, 1 not started");
        assertThat(Domains.shared().describe()).contains(" runs fifo");
      } finally {
        ends.countDown();
        goesOn.tryReturn(true);
      }
    }
    Wait.until(() -> linesAbout("fifo").findAny().isEmpty());
  }

  @OnEveryScheduler
  void fibers_canAskThemselves(Scheduler scheduler) {
    Assumptions.assumeFalse(scheduler instanceof ThreadScheduler, "no fibers of domains");
    scheduler.run(
        () -> {
          Fiber.spawn(new Fiber(new Computation<>()), fiber -> {});
          assertThat(Domains.shared().describe()).contains("1 running").contains("domains, ");
        });
  }
}
