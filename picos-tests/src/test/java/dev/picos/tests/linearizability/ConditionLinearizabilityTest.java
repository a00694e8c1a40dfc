package dev.picos.tests.linearizability;

import static dev.picos.tests.linearizability.Experiment.run;

import dev.picos.std.event.Event;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonedException;
import dev.picos.tests.sync.Side;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What is done under a lock, and waited for by a condition of it, is atomic. The example is a
 * semaphore, since it takes one signal for each permit and none may be lost.
 */
@Tag("explored")
class ConditionLinearizabilityTest {
  /** How those who wait are told of a permit. */
  private enum Telling {
    SIGNAL,
    SIGNAL_AFTER_UNLOCK,
    SIGNAL_ALL
  }

  /** A semaphore made of a lock and a condition. */
  private static final class Monitor {
    private final Side side;
    private final Telling telling;
    private int permits;

    Monitor(Side side, Telling telling) {
      this.side = side;
      this.telling = telling;
    }

    private boolean locked(BooleanSupplier body) {
      side.acquire();
      try {
        return body.getAsBoolean();
      } finally {
        side.release();
      }
    }

    /** Whoever else is let in meanwhile spoils it. */
    private boolean add(int change) {
      int now = permits;
      Thread.yield();
      permits = now + change;
      return true;
    }

    void acquire() {
      boolean unused =
          locked(
              () -> {
                while (permits == 0) {
                  side.await();
                }
                return add(-1);
              });
    }

    void acquireByEvent() {
      boolean unused =
          locked(
              () -> {
                while (permits == 0) {
                  Event.select(side.condition().awaitEvent(), Event.never());
                }
                return add(-1);
              });
    }

    boolean tryAcquire() {
      return locked(() -> permits > 0 && add(-1));
    }

    boolean tryAcquireLater() {
      return locked(() -> (permits > 0 || side.await(Duration.ZERO)) && permits > 0 && add(-1));
    }

    void release() {
      boolean unused =
          locked(
              () -> {
                if (telling == Telling.SIGNAL) {
                  side.signal();
                }
                return add(1);
              });
      switch (telling) {
        case SIGNAL -> {}
        case SIGNAL_AFTER_UNLOCK -> side.signal();
        case SIGNAL_ALL -> side.signalAll();
      }
    }

    void poison() {
      side.poison(new Exception("poison"));
    }
  }

  /** A semaphore of which no permit is ever on its way, and that may be poisoned. */
  private static final class MonitorModel implements Model<Integer> {
    private static final Integer POISONED = -1;

    private final Model<Integer> semaphore = new SemaphoreModel(0);

    @Override
    public Integer initial() {
      return semaphore.initial();
    }

    @Override
    public Integer after(Integer state, Operation operation) {
      boolean thrown = operation.returned(PoisonedException.class);
      if (thrown || state.equals(POISONED)) {
        return thrown && state.equals(POISONED) ? state : null;
      }
      return operation.name.equals("poison") ? POISONED : semaphore.after(state, operation);
    }

    @Override
    public boolean waits(Integer state, Operation operation) {
      return semaphore.waits(state, operation);
    }
  }

  private static Experiment<Monitor> experiment(Supplier<Monitor> monitor) {
    return new Experiment<>(monitor, new MonitorModel())
        .operation("acquire", (of, none) -> run(of::acquire))
        .operation("acquire", (of, none) -> run(of::acquireByEvent))
        .operation("release", (of, none) -> run(of::release))
        .operation("tryAcquire", (of, none) -> of.tryAcquire())
        .operation("tryAcquire", (of, none) -> of.tryAcquireLater());
  }

  private static Experiment<Monitor> scarcity(Supplier<Monitor> monitor) {
    return new Experiment<>(monitor, new MonitorModel())
        .operation("acquire", (of, none) -> run(of::acquire))
        .operation("acquire", (of, none) -> run(of::acquireByEvent))
        .operation("release", (of, none) -> run(of::release))
        .fibers(4)
        .cancelations(8);
  }

  @ParameterizedTest
  @EnumSource
  void condition_ofScarcity(Telling telling) {
    scarcity(() -> new Monitor(Side.ofMutex(new Mutex()), telling)).check();
  }

  @ParameterizedTest
  @EnumSource
  void poisonCondition_ofScarcity(Telling telling) {
    scarcity(() -> new Monitor(Side.ofLock(), telling)).check();
  }

  @ParameterizedTest
  @EnumSource
  void condition(Telling telling) {
    experiment(() -> new Monitor(Side.ofMutex(new Mutex()), telling)).fibers(4).check();
  }

  @ParameterizedTest
  @EnumSource
  void poisonCondition(Telling telling) {
    experiment(() -> new Monitor(Side.ofLock(), telling)).fibers(4).check();
  }

  @ParameterizedTest
  @EnumSource
  void rwCondition_ofScarcity(Telling telling) {
    scarcity(() -> new Monitor(Side.ofWriter(), telling)).check();
  }

  @ParameterizedTest
  @EnumSource
  void rwCondition(Telling telling) {
    experiment(() -> new Monitor(Side.ofWriter(), telling)).fibers(4).check();
  }

  @Test
  void rwCondition_ofPoisonedLock() {
    experiment(() -> new Monitor(Side.ofWriter(), Telling.SIGNAL))
        .operation("poison", (monitor, none) -> run(monitor::poison))
        .fibers(4)
        .check();
  }

  @Test
  void poisonCondition_ofPoisonedLock() {
    experiment(() -> new Monitor(Side.ofLock(), Telling.SIGNAL))
        .operation("poison", (monitor, none) -> run(monitor::poison))
        .fibers(4)
        .check();
  }
}
