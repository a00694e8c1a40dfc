package dev.picos.sched.multififo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.domains.Domain;
import dev.picos.domains.Domains;
import dev.picos.domains.Execution;
import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How many domains are called in for what becomes ready: no thundering herd. The pool has four. */
class CallingInTest {
  private static final int POOL = 4;

  /** A time in which an execution has checked several times whether fibers wait. */
  private static final Duration BEATS = Duration.ofMillis(20);

  /** The domains that were held up when they looked for a fiber to run. */
  private final Set<Domain> heldUp = ConcurrentHashMap.newKeySet();

  /** Whether all domains but the first are kept from finding a fiber. */
  private final AtomicBoolean held = new AtomicBoolean();

  private volatile @Nullable Domain first;

  /** A lane in which looking for a fiber may take long. */
  private final class Slow implements Policy {
    private final Lane lane;

    Slow(Lane lane) {
      this.lane = lane;
    }

    @Override
    public @Nullable Ready next() {
      Domain here = domain();
      while (held.get() && here != first) {
        heldUp.add(here);
        Thread.onSpinWait();
      }
      return lane.next();
    }

    @Override
    public void ready(Ready fiber, boolean ahead) {
      lane.ready(fiber, ahead);
    }

    @Override
    public boolean isEmpty() {
      return lane.isEmpty();
    }

    @Override
    public boolean spend(Operation operation) {
      return lane.spend(operation);
    }

    @Override
    public int available() {
      return lane.available();
    }

    @Override
    public void leave() {
      lane.leave();
    }
  }

  private static Domain domain() {
    return Domains.shared().self();
  }

  private void run(Runnable main) {
    List<Lane> lanes = new Lanes(POOL, Integer.MAX_VALUE).all();
    new Execution(lanes.stream().map(Slow::new).toList())
        .run(new Fiber(new Computation<>()), self -> main.run());
  }

  @BeforeAll
  static void fourDomains() {
    assertThat(Domains.prepare(POOL).size()).as("-Dpicos.domains=4").isEqualTo(POOL);
  }

  /** The next domain is called in when the previous one has found a fiber, and not before. */
  @ParameterizedTest
  @ValueSource(ints = {1, 100})
  void newFibers_callOneDomainIn(int fibers) {
    AtomicInteger came = new AtomicInteger();
    run(
        () -> {
          while (Domains.shared().idleCount() != POOL - 1) {
            Thread.onSpinWait(); // one more may have come for this fiber
          }
          first = domain();
          held.set(true);
          for (int i = 0; i < fibers; i++) {
            Fibers.startBare(() -> {});
          }
          while (heldUp.isEmpty()) {
            Thread.onSpinWait(); // and does not give way
          }
          for (int i = 1; i < fibers; i++) {
            Fibers.startBare(() -> {});
          }
          Computation<Object> alarm = alarm();
          while (alarm.isRunning()) {
            Thread.onSpinWait();
          }
          came.set(heldUp.size());
          held.set(false);
        });
    assertThat(came).hasValue(1);
  }

  /**
   * The last domain of the run sleeps, and the others are idle in the pool. As long as that one
   * makes no progress, another one is called in, and no third.
   */
  @Test
  void wakeUpFromOutside_wakesTheSleeper() throws Exception {
    Trigger trigger = new Trigger();
    AtomicBoolean begun = new AtomicBoolean();
    Task<Boolean> run =
        Task.start(
            () ->
                run(
                    () -> {
                      begun.set(true);
                      assertThat(trigger.await()).isNull();
                    }));
    Wait.until(begun::get);
    Wait.until(() -> Domains.shared().idleCount() == POOL);
    held.set(true);

    trigger.signal();

    Wait.until(() -> heldUp.size() > 1);
    alarm().join();
    assertThat(heldUp).as("the sleeper, and one more").hasSize(2);
    held.set(false);
    assertThat(run.result()).isTrue();
  }

  private static Computation<Object> alarm() {
    Computation<Object> alarm = new Computation<>();
    alarm.cancelAfter(BEATS, new CancellationException());
    return alarm;
  }
}
