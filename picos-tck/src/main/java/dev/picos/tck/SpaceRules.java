package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertNull;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What has come to an end takes no room. */
interface SpaceRules extends Rules {
  @Test
  @DisplayName("SPACE-01: a fiber's computation does not keep the triggers that it has awaited")
  default void space01_triggers() {
    scheduler()
        .run(
            () -> {
              List<WeakReference<Trigger>> triggers = new ArrayList<>();
              for (int i = 0; i < 200; i++) {
                triggers.add(awaitOne());
              }
              Patience.untilCollected(this, triggers, 20);
            });
  }

  private static WeakReference<Trigger> awaitOne() {
    Trigger trigger = new Trigger();
    Fibers.spawn(
        () -> {
          trigger.signal();
        });
    assertNull(trigger.await());
    return new WeakReference<>(trigger);
  }

  @Test
  @DisplayName("SPACE-02: a run does not keep the fibers that have ended")
  default void space02_endedFibers() {
    scheduler()
        .run(
            () -> {
              List<WeakReference<Object>> bodies = new ArrayList<>();
              for (int i = 0; i < 200; i++) {
                bodies.add(runOne());
              }
              Patience.untilCollected(this, bodies, 20);
            });
  }

  private static WeakReference<Object> runOne() {
    Object held = new Object();
    Computation<Integer> result = Fibers.start(held::hashCode);
    result.join();
    return new WeakReference<>(held);
  }
}
