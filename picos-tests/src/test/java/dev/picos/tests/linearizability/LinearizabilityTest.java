package dev.picos.tests.linearizability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The primitives do what they would do if each of their operations were atomic. */
@Tag("explored")
class LinearizabilityTest {
  private static final int SEEDS = Integer.getInteger("picos.tests.seeds", 1_000);

  /** The fiber that has the mutex, or -1. */
  private static final class MutexModel implements Model<Integer> {
    /** The owner while it is in the hands of one that was canceled. */
    private static final int NOBODY = -2;

    @Override
    public Integer initial() {
      return -1;
    }

    @Override
    public Integer after(Integer owner, Operation operation) {
      boolean mine = owner == operation.fiber;
      return switch (operation.name) {
        case "lock" ->
            mine
                ? operation.returned(IllegalMonitorStateException.class) ? owner : null
                : owner == -1 && operation.returned(null) ? (Integer) operation.fiber : null;
        case "tryLock" ->
            operation.returned(owner == -1)
                ? owner == -1 ? (Integer) operation.fiber : owner
                : null;
        case "unlock" ->
            operation.returned(mine ? null : IllegalMonitorStateException.class)
                ? mine ? (Integer) (-1) : owner
                : null;
        default -> throw new AssertionError(operation);
      };
    }

    @Override
    public boolean waits(Integer owner, Operation operation) {
      return operation.name.equals("lock") && owner != -1 && owner != operation.fiber;
    }

    @Override
    public Integer afterGrant(Integer owner, Operation canceled) {
      return canceled.name.equals("lock") && owner == -1 ? NOBODY : null;
    }

    @Override
    public Integer afterReturn(Integer owner, Operation canceled) {
      return owner == NOBODY ? -1 : null;
    }
  }

  @Test
  void mutex() {
    new Experiment<>(Mutex::new, new MutexModel())
        .operation("lock", (mutex, none) -> run(mutex::lock))
        .operation("tryLock", (mutex, none) -> mutex.tryLock())
        .operation("unlock", (mutex, none) -> run(mutex::unlock))
        .check(SEEDS);
  }

  /** The permits. */
  private static final class SemaphoreModel implements Model<Integer> {
    @Override
    public Integer initial() {
      return 1;
    }

    @Override
    public Integer after(Integer permits, Operation operation) {
      return switch (operation.name) {
        case "acquire" -> permits > 0 ? (Integer) (permits - 1) : null;
        case "tryAcquire" ->
            operation.returned(permits > 0) ? (Integer) Math.max(permits - 1, 0) : null;
        case "release" -> (Integer) (permits + 1);
        case "availablePermits" -> operation.returned(permits) ? permits : null;
        default -> throw new AssertionError(operation);
      };
    }

    @Override
    public boolean waits(Integer permits, Operation operation) {
      return operation.name.equals("acquire") && permits == 0;
    }

    @Override
    public Integer afterGrant(Integer permits, Operation canceled) {
      return canceled.name.equals("acquire") && permits > 0 ? permits - 1 : null;
    }

    @Override
    public Integer afterReturn(Integer permits, Operation canceled) {
      return permits + 1;
    }
  }

  @Test
  void semaphore() {
    new Experiment<>(() -> new Semaphore(1), new SemaphoreModel())
        .operation("acquire", (semaphore, none) -> run(semaphore::acquire))
        .operation("tryAcquire", (semaphore, none) -> semaphore.tryAcquire())
        .operation("release", (semaphore, none) -> run(semaphore::release))
        .operation("availablePermits", (semaphore, none) -> semaphore.availablePermits())
        .check(SEEDS);
  }

  /** A semaphore whose permit may be taken twice. */
  private static final class Overdrawn {
    private final AtomicInteger permits = new AtomicInteger(1);

    boolean tryAcquire() {
      int now = permits.get();
      Fiber.yield();
      permits.set(Math.max(now - 1, 0));
      return now > 0;
    }
  }

  @Test
  void theCheckerFindsWhatIsNotLinearizable() {
    Experiment<Overdrawn> experiment =
        new Experiment<>(Overdrawn::new, new SemaphoreModel())
            .operation("tryAcquire", (overdrawn, none) -> overdrawn.tryAcquire());
    assertThat(experiment.firstFailure(100)).isPositive();
  }

  /** A semaphore that wakes nobody. */
  private static final class Forgetful {
    private final Semaphore semaphore = new Semaphore(0);
    private int permits = 1;

    void acquire() {
      if (permits == 0) {
        semaphore.acquire();
      }
      permits--;
    }

    void release() {
      permits++;
    }
  }

  @Test
  void theCheckerFindsWhoWaitsForNothing() {
    Experiment<Forgetful> experiment =
        new Experiment<>(Forgetful::new, new SemaphoreModel())
            .operation("acquire", (forgetful, none) -> run(forgetful::acquire))
            .operation("release", (forgetful, none) -> run(forgetful::release))
            .cancelations(0);
    assertThat(experiment.firstFailure(100)).isPositive();
  }

  private static Object run(Runnable operation) {
    operation.run();
    return null;
  }
}
