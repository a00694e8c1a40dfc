package dev.picos.tests.linearizability;

import static dev.picos.tests.linearizability.Experiment.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.std.event.Event;
import dev.picos.std.sync.FrozenException;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.PoisonedException;
import dev.picos.std.sync.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Locks and semaphores do what they would do if each of their operations were atomic. */
@Tag("explored")
class LinearizabilityTest {
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
        .check();
  }

  @Test
  void mutex_events() {
    new Experiment<>(Mutex::new, new MutexModel())
        .operation("lock", (mutex, none) -> run(mutex::lock))
        .operation("lock", (mutex, none) -> mutex.lockEvent().sync())
        .operation("lock", (mutex, none) -> Event.select(mutex.lockEvent(), Event.never()))
        .operation("tryLock", (mutex, none) -> mutex.tryLock())
        .operation("unlock", (mutex, none) -> run(mutex::unlock))
        .check();
  }

  /** A count that an unchecked mutex protects. Who gives that back has it. */
  private static final class Counted {
    private final Mutex mutex = Mutex.unchecked();
    private int count;

    int add() {
      return mutex.callLocked(this::addLocked);
    }

    Object tryAdd() {
      if (!mutex.tryLock()) {
        return "busy";
      }
      int added = addLocked();
      mutex.unlock();
      return added;
    }

    private int addLocked() {
      int now = count;
      Thread.yield();
      return count = now + 1;
    }
  }

  /** The count. */
  private static final class CountedModel implements Model<Integer> {
    @Override
    public Integer initial() {
      return 0;
    }

    @Override
    public Integer after(Integer count, Operation operation) {
      if (operation.returned("busy")) {
        return operation.name.equals("tryAdd") ? count : null;
      }
      return operation.returned(count + 1) ? (Integer) (count + 1) : null;
    }

    @Override
    public boolean waits(Integer count, Operation operation) {
      return false;
    }
  }

  @Test
  void mutex_unchecked() {
    new Experiment<>(Counted::new, new CountedModel())
        .operation("add", (counted, none) -> counted.add())
        .operation("add", (counted, none) -> counted.add())
        .operation("tryAdd", (counted, none) -> counted.tryAdd())
        .fibers(4)
        .cancelations(4)
        .check();
  }

  @Test
  void semaphore() {
    new Experiment<>(() -> new Semaphore(1), new SemaphoreModel(1))
        .operation("acquire", (semaphore, none) -> run(semaphore::acquire))
        .operation("tryAcquire", (semaphore, none) -> semaphore.tryAcquire())
        .operation("release", (semaphore, none) -> run(semaphore::release))
        .operation("availablePermits", (semaphore, none) -> semaphore.availablePermits())
        .check();
  }

  @Test
  void semaphore_sizes() {
    new Experiment<>(() -> new Semaphore(2), new SemaphoreModel(2))
        .operation("acquire1", (semaphore, none) -> run(semaphore::acquire))
        .operation("acquire1", (semaphore, none) -> semaphore.acquireEvent().sync())
        .operation("acquire2", (semaphore, none) -> run(() -> semaphore.acquire(2)))
        .operation("acquire3", (semaphore, none) -> run(() -> semaphore.acquire(3)))
        .operation("release1", (semaphore, none) -> run(semaphore::release))
        .operation("release2", (semaphore, none) -> run(() -> semaphore.release(2)))
        .fibers(4)
        .cancelations(6)
        .check();
  }

  private static final class PoisonLockModel implements Model<PoisonLockModel.State> {
    enum State {
      FREE,
      LOCKED,
      POISONED
    }

    @Override
    public State initial() {
      return State.FREE;
    }

    @Override
    public State after(State state, Operation operation) {
      if (state == State.POISONED) {
        boolean silent = operation.name.equals("release") || operation.name.equals("poison");
        return operation.returned(silent ? null : PoisonedException.class) ? state : null;
      }
      boolean free = state == State.FREE;
      return switch (operation.name) {
        case "acquire" -> free && operation.returned(null) ? State.LOCKED : null;
        case "tryAcquire" -> operation.returned(free) ? State.LOCKED : null;
        case "release" ->
            operation.returned(free ? IllegalMonitorStateException.class : null)
                ? State.FREE
                : null;
        case "poison" ->
            operation.returned(free ? IllegalStateException.class : null)
                ? free ? state : State.POISONED
                : null;
        default -> throw new AssertionError(operation);
      };
    }

    @Override
    public boolean waits(State state, Operation operation) {
      return operation.name.equals("acquire") && state == State.LOCKED;
    }
  }

  @Test
  void poisonLock() {
    new Experiment<>(PoisonLock::new, new PoisonLockModel())
        .operation("acquire", (lock, none) -> run(lock::lock))
        .operation("tryAcquire", (lock, none) -> lock.tryLock())
        .operation("release", (lock, none) -> run(lock::unlock))
        .check();
  }

  @Test
  void poisonLock_thatIsPoisoned() {
    new Experiment<>(PoisonLock::new, new PoisonLockModel())
        .operation("acquire", (lock, none) -> run(lock::lock))
        .operation("tryAcquire", (lock, none) -> lock.tryLock())
        .operation("release", (lock, none) -> run(lock::unlock))
        .operation("poison", (lock, none) -> run(lock::poison))
        .check();
  }

  @Test
  void poisonSemaphore() {
    new Experiment<>(() -> new PoisonSemaphore(1), new SemaphoreModel(1))
        .operation("acquire", (semaphore, none) -> run(semaphore::acquire))
        .operation("tryAcquire", (semaphore, none) -> semaphore.tryAcquire())
        .operation("release", (semaphore, none) -> run(semaphore::release))
        .operation("availablePermits", (semaphore, none) -> semaphore.availablePermits())
        .check();
  }

  /** How many share it; -1 if one has it alone. */
  private static final class RwLockModel implements Model<Integer> {
    private static final int EXCLUSIVE = -1;

    @Override
    public Integer initial() {
      return 0;
    }

    @Override
    public Integer after(Integer state, Operation operation) {
      boolean free = state == 0;
      boolean shareable = state != EXCLUSIVE;
      return switch (operation.name) {
        case "acquire" -> free ? (Integer) EXCLUSIVE : null;
        case "tryAcquire" -> operation.returned(free) ? free ? EXCLUSIVE : state : null;
        case "release" -> released(!shareable, 0, state, operation);
        case "acquireShared" -> shareable ? (Integer) (state + 1) : null;
        case "tryAcquireShared" ->
            operation.returned(shareable) ? shareable ? state + 1 : state : null;
        case "releaseShared" -> released(state > 0, state - 1, state, operation);
        default -> throw new AssertionError(operation);
      };
    }

    private static Integer released(boolean held, int after, Integer state, Operation operation) {
      return operation.returned(held ? null : IllegalMonitorStateException.class)
          ? held ? (Integer) after : state
          : null;
    }

    @Override
    public boolean waits(Integer state, Operation operation) {
      return switch (operation.name) {
        case "acquire" -> state != 0;
        case "acquireShared" -> state == EXCLUSIVE;
        default -> false;
      };
    }
  }

  @Test
  void poisonRwLock() {
    new Experiment<>(PoisonRwLock::new, new RwLockModel())
        .operation("acquire", (lock, none) -> run(lock::lock))
        .operation("tryAcquire", (lock, none) -> lock.tryLock())
        .operation("release", (lock, none) -> run(lock::unlock))
        .operation("acquireShared", (lock, none) -> run(lock::lockShared))
        .operation("tryAcquireShared", (lock, none) -> lock.tryLockShared())
        .operation("releaseShared", (lock, none) -> run(lock::unlockShared))
        .fibers(4)
        .check();
  }

  /** A count that a lock protects, until that is frozen or poisoned. */
  private static final class Guarded {
    private final PoisonRwLock lock = new PoisonRwLock();
    private int count;

    int write() {
      return lock.callLocked(
          () -> {
            int now = count;
            Thread.yield();
            return count = now + 1;
          });
    }

    int read() {
      return lock.callLockedShared(() -> count);
    }

    void poison() {
      lock.lock();
      lock.poison();
    }
  }

  /** The count, and the exception that says what has become of the lock, if anything. */
  private static final class GuardedModel implements Model<GuardedModel.State> {
    record State(int count, Class<?> end) {}

    @Override
    public State initial() {
      return new State(0, null);
    }

    @Override
    public State after(State state, Operation operation) {
      boolean writes = operation.name.equals("write") || operation.name.equals("poison");
      if (state.end == PoisonedException.class || (state.end != null && writes)) {
        return operation.returned(state.end) ? state : null;
      }
      return switch (operation.name) {
        case "write" ->
            operation.returned(state.count + 1) ? new State(state.count + 1, null) : null;
        case "read" -> operation.returned(state.count) ? state : null;
        case "freeze" ->
            operation.returned(null) ? new State(state.count, FrozenException.class) : null;
        case "poison" ->
            operation.returned(null) ? new State(state.count, PoisonedException.class) : null;
        default -> throw new AssertionError(operation);
      };
    }

    @Override
    public boolean waits(State state, Operation operation) {
      return false;
    }
  }

  @Test
  void poisonRwLock_thatIsFrozenOrPoisoned() {
    new Experiment<>(Guarded::new, new GuardedModel())
        .operation("write", (guarded, none) -> guarded.write())
        .operation("write", (guarded, none) -> guarded.write())
        .operation("read", (guarded, none) -> guarded.read())
        .operation("read", (guarded, none) -> guarded.read())
        .operation("freeze", (guarded, none) -> run(guarded.lock::freeze))
        .operation("poison", (guarded, none) -> run(guarded::poison))
        .fibers(4)
        .check();
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
        new Experiment<>(Overdrawn::new, new SemaphoreModel(1))
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
        new Experiment<>(Forgetful::new, new SemaphoreModel(1))
            .operation("acquire", (forgetful, none) -> run(forgetful::acquire))
            .operation("release", (forgetful, none) -> run(forgetful::release))
            .cancelations(0);
    assertThat(experiment.firstFailure(100)).isPositive();
  }
}
