package dev.picos.tests.sync;

import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonRwLock;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** A lock that is held in one way, and a condition of it. */
public final class Side {
  /** What is done to the lock. */
  private record Holding(Object lock, Runnable acquire, Runnable release) {}

  /** What is done to the condition. */
  private record Waits(
      Object condition,
      Runnable await,
      Predicate<Duration> awaitFor,
      Runnable signal,
      Runnable signalAll) {}

  private final Holding holding;
  private final Supplier<Waits> conditions;
  private final Waits waits;

  private Side(Holding holding, Supplier<Waits> conditions) {
    this.holding = holding;
    this.conditions = conditions;
    waits = conditions.get();
  }

  public static Side ofMutex(Mutex mutex) {
    return new Side(
        new Holding(mutex, mutex::lock, mutex::unlock),
        () -> {
          Condition of = mutex.newCondition();
          return new Waits(of, of::await, of::await, of::signal, of::signalAll);
        });
  }

  public static Side ofLock() {
    PoisonLock lock = new PoisonLock();
    return new Side(
        new Holding(lock, lock::acquire, lock::release),
        () -> {
          PoisonLock.Condition of = lock.newCondition();
          return new Waits(of, of::await, of::await, of::signal, of::signalAll);
        });
  }

  public static Side ofWriter() {
    PoisonRwLock lock = new PoisonRwLock();
    return new Side(
        new Holding(lock, lock::acquire, lock::release),
        () -> {
          PoisonRwLock.Condition of = lock.newCondition();
          return new Waits(of, of::await, of::await, of::signal, of::signalAll);
        });
  }

  public static Side ofReader() {
    PoisonRwLock lock = new PoisonRwLock();
    return new Side(
        new Holding(lock, lock::acquireShared, lock::releaseShared),
        () -> {
          PoisonRwLock.Condition of = lock.newCondition();
          return new Waits(of, of::awaitShared, of::awaitShared, of::signal, of::signalAll);
        });
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
    return new Side(holding, conditions);
  }

  Object lock() {
    return holding.lock;
  }

  public boolean isFree() {
    String name = holding.lock.toString();
    return name.endsWith("[free]") || name.endsWith("[unlocked]");
  }

  public void acquire() {
    holding.acquire.run();
  }

  public void release() {
    holding.release.run();
  }

  /** Acquires the lock as a whole, and poisons it. */
  public void poison() {
    switch (holding.lock) {
      case PoisonLock lock -> {
        lock.acquire();
        lock.poison();
      }
      case PoisonRwLock lock -> {
        lock.acquire();
        lock.poison();
      }
      default -> throw new AssertionError(holding.lock);
    }
  }

  Object condition() {
    return waits.condition;
  }

  public void await() {
    waits.await.run();
  }

  public boolean await(Duration duration) {
    return waits.awaitFor.test(duration);
  }

  public void signal() {
    waits.signal.run();
  }

  public void signalAll() {
    waits.signalAll.run();
  }

  /** Returns once so many wait, and the last one has released the lock. */
  void untilWaiting(int count) {
    Waiting.until(waits.condition, count);
    acquire();
    release();
  }
}
