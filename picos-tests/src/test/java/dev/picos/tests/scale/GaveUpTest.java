package dev.picos.tests.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.event.Event;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/** Where some go on waiting, nothing is left of the many that came after them and gave up. */
class GaveUpTest {
  private static final int MANY = 500;
  private static final long FLAT = 4 << 20; // what a JVM does for itself meanwhile

  @Alone
  @Test
  void triggers() {
    // a computation keeps no triggers that were detached, while one is attached
    Computation<Object> computation = new Computation<>();
    assertThat(computation.tryAttach(new Trigger())).isTrue();
    long before = Heap.used();
    List<Trigger> triggers = new ArrayList<>();
    for (int i = 0; i < MANY * MANY; i++) {
      Trigger trigger = new Trigger();
      assertThat(computation.tryAttach(trigger)).isTrue();
      triggers.add(trigger);
    }
    triggers.forEach(computation::detach);
    triggers = null;

    assertThat(Heap.used() - before).isLessThan(FLAT);
    assertThat(computation.isRunning()).isTrue();
  }

  @Alone
  @Test
  void events() {
    // neither does it keep anything of synchronizations that were canceled
    Scheduler scheduler = FifoScheduler.create();
    Computation<Object> awaited = new Computation<>();
    List<Event<Object>> many = Collections.nCopies(MANY, Event.of(awaited));
    List<Computation<Object>> causes = new ArrayList<>();
    List<Computation<Object>> fibers = new ArrayList<>();
    long growth =
        scheduler.call(
            () -> {
              long before = Heap.used();
              for (int i = 0; i < MANY; i++) {
                causes.add(new Computation<>());
                fibers.add(Fibers.startUnder(causes.get(i), () -> Event.select(many)));
              }
              for (int i = 1; i < MANY; i++) {
                causes.get(i).tryCancel(new CancellationException("given up"));
                fibers.get(i).join();
              }
              long bytes = Heap.used() - before;
              awaited.tryReturn("came");
              assertThat(fibers.getFirst().await()).isEqualTo("came");
              return bytes;
            });

    assertThat(growth).isLessThan(FLAT);
  }
}
