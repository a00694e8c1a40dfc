package dev.picos.tests.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.picos.core.Computation;
import dev.picos.core.Outcome;
import dev.picos.std.event.Event;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Commits and completions that take no memory, for what was given away for them before. */
class PreparedOfferTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final List<Long> allocated = new ArrayList<>();

  /** Runs it, and notes what it has allocated; the first run does so for the virtual machine. */
  private void measure(BooleanSupplier action) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    boolean done = action.getAsBoolean();
    long after = THREADS.getCurrentThreadAllocatedBytes();
    allocated.add(after - before);
    assertThat(done).isTrue();
    assertThat(action.getAsBoolean()).as("only once").isFalse();
  }

  @Test
  void prepared_takesNoMemory() {
    // an offer that is prepared is committed to as others are, and nothing is allocated for that
    Event<String> event =
        Event.fromRequest(
            offer -> {
              BooleanSupplier commit = offer.prepared("committed");
              assertThat(offer.isOpen()).isTrue();
              measure(commit);
              return null;
            });
    for (int i = 0; i < 10; i++) {
      assertThat(event.sync()).isEqualTo("committed");
    }
    assertThat(allocated).contains(0L);
  }

  @Test
  void tryComplete_takesNoMemory() {
    // a computation is completed with an outcome that is there already
    Outcome<String> outcome = new Outcome.Returned<>("value");
    for (int i = 0; i < 10; i++) {
      Computation<String> computation = new Computation<>();
      measure(() -> computation.tryComplete(outcome));
      assertThat(computation.peek()).isSameAs(outcome);
      assertThat(computation.await()).isEqualTo("value");
    }
    assertThat(allocated).contains(0L);
  }
}
