package dev.picos.tests.sync;

import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonRwLock;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/** A lock that is held in one way, and a condition of it. */
public final class Side {
  private final Acquirable lock;
  private final Supplier<Condition> conditions;
  private final Condition condition;

  private Side(Acquirable lock, Supplier<Condition> conditions) {
    this.lock = lock;
    this.conditions = conditions;
    condition = conditions.get();
  }

  public static Side ofMutex(Mutex mutex) {
    return new Side(Acquirable.of(mutex), mutex::newCondition);
  }

  public static Side ofLock() {
    PoisonLock lock = new PoisonLock();
    return new Side(Acquirable.of(lock), lock::newCondition);
  }

  public static Side ofWriter() {
    PoisonRwLock lock = new PoisonRwLock();
    return new Side(Acquirable.ofWriter(lock), lock::newCondition);
  }

  public static Side ofReader() {
    PoisonRwLock lock = new PoisonRwLock();
    return new Side(Acquirable.ofReader(lock), lock::newSharedCondition);
  }

  /** Those of locks that can be poisoned. */
  static List<Side> poisonable() {
    return List.of(ofLock(), ofWriter(), ofReader());
  }

  /** Those that one fiber at a time holds. */
  public static List<Side> exclusive() {
    return List.of(ofMutex(new Mutex()), ofMutex(Mutex.unchecked()), ofLock(), ofWriter());
  }

  static List<Side> all() {
    return List.of(
        ofMutex(new Mutex()), ofMutex(Mutex.unchecked()), ofLock(), ofWriter(), ofReader());
  }

  /** The same lock with another condition. */
  public Side another() {
    return new Side(lock, conditions);
  }

  Object lock() {
    return lock.primitive();
  }

  public boolean isFree() {
    return lock.isFree();
  }

  public void acquire() {
    lock.acquire();
  }

  public void release() {
    lock.release();
  }

  /** Acquires the lock as a whole, and poisons it with {@code cause}. */
  public void poison(Throwable cause) {
    switch (lock.primitive()) {
      case PoisonLock poisonable -> {
        poisonable.lock();
        poisonable.poison(cause);
      }
      case PoisonRwLock poisonable -> {
        poisonable.lock();
        poisonable.poison(cause);
      }
      default -> throw new AssertionError(lock);
    }
  }

  public Condition condition() {
    return condition;
  }

  public void await() {
    condition.await();
  }

  public boolean await(Duration duration) {
    return condition.await(duration);
  }

  public void signal() {
    condition.signal();
  }

  public void signalAll() {
    condition.signalAll();
  }

  /** Returns once so many wait, and the last one has released the lock. */
  void untilWaiting(int count) {
    Waiting.until(condition, count);
    acquire();
    release();
  }
}
