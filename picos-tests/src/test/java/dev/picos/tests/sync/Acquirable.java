package dev.picos.tests.sync;

import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.Semaphore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** What is acquired and released: a lock, in one of the ways to hold it, or permits. */
final class Acquirable {
  /** One of the ways to have a primitive. */
  private record Way(
      String name,
      Runnable acquire,
      BooleanSupplier tryAcquire,
      Predicate<Duration> tryAcquireFor,
      Runnable release) {}

  private final Object primitive;
  private final String free;
  private final Way way;
  private final int together;
  private final Way occupying;
  private boolean isOccupied; // as seen by those who have it, without further synchronization

  private Acquirable(Object primitive, Way way, int together, Way occupying) {
    this.primitive = primitive;
    this.free = primitive.toString();
    this.way = way;
    this.together = together;
    this.occupying = occupying;
  }

  private Acquirable(Object primitive, Way way, int together) {
    this(primitive, way, together, way);
  }

  static Acquirable of(Mutex mutex) {
    return new Acquirable(
        mutex, new Way("locked", mutex::lock, mutex::tryLock, mutex::tryLock, mutex::unlock), 1);
  }

  static Acquirable of(PoisonLock lock) {
    return new Acquirable(
        lock, new Way("locked", lock::lock, lock::tryLock, lock::tryLock, lock::unlock), 1);
  }

  static Acquirable ofWriter(PoisonRwLock lock) {
    return new Acquirable(lock, writing(lock), 1);
  }

  static Acquirable ofReader(PoisonRwLock lock) {
    return new Acquirable(lock, reading(lock), Integer.MAX_VALUE, writing(lock));
  }

  private static Acquirable ofWriterAfterReader(PoisonRwLock lock) {
    return new Acquirable(lock, writing(lock), 1, reading(lock));
  }

  /** Every second one that acquires it is a reader. */
  private static Acquirable ofReadersAndWriters(PoisonRwLock lock) {
    Way reading = reading(lock);
    Way writing = writing(lock);
    AtomicInteger count = new AtomicInteger();
    BooleanSupplier reads = () -> count.incrementAndGet() % 2 == 0;
    Way mixed =
        new Way(
            "read and written",
            () -> (reads.getAsBoolean() ? reading : writing).acquire.run(),
            () -> (reads.getAsBoolean() ? reading : writing).tryAcquire.getAsBoolean(),
            timeout -> (reads.getAsBoolean() ? reading : writing).tryAcquireFor.test(timeout),
            () -> (lock.isLockedShared() ? reading : writing).release.run());
    return new Acquirable(lock, mixed, Integer.MAX_VALUE, writing);
  }

  private static Way writing(PoisonRwLock lock) {
    return new Way("written", lock::lock, lock::tryLock, lock::tryLock, lock::unlock);
  }

  private static Way reading(PoisonRwLock lock) {
    return new Way(
        "read", lock::lockShared, lock::tryLockShared, lock::tryLockShared, lock::unlockShared);
  }

  /** One permit at a time of those that are there. */
  static Acquirable of(Semaphore semaphore) {
    return new Acquirable(
        semaphore,
        new Way(
            "with a permit",
            semaphore::acquire,
            semaphore::tryAcquire,
            semaphore::tryAcquire,
            semaphore::release),
        semaphore.availablePermits());
  }

  /** So many permits at a time of those that are there. */
  private static Acquirable of(Semaphore semaphore, int permits) {
    return new Acquirable(
        semaphore,
        new Way(
            "with " + permits + " permits",
            () -> semaphore.acquire(permits),
            () -> semaphore.tryAcquire(permits),
            timeout -> semaphore.tryAcquire(permits, timeout),
            () -> semaphore.release(permits)),
        semaphore.availablePermits() / permits);
  }

  /** One permit at a time of those that are there. */
  static Acquirable of(PoisonSemaphore semaphore) {
    return new Acquirable(
        semaphore,
        new Way(
            "with a permit",
            semaphore::acquire,
            semaphore::tryAcquire,
            semaphore::tryAcquire,
            semaphore::release),
        semaphore.availablePermits());
  }

  /** All of them, free. */
  static List<Acquirable> all() {
    List<Acquirable> all = new ArrayList<>(transferable());
    all.add(of(new Mutex()));
    all.add(ofReader(new PoisonRwLock()));
    all.add(ofWriterAfterReader(new PoisonRwLock()));
    all.add(ofReadersAndWriters(new PoisonRwLock()));
    return all;
  }

  /** One of each class, for what takes long and is the same for all of a class. */
  static List<Acquirable> ofEachClass() {
    return List.of(
        of(new Mutex()),
        of(new PoisonLock()),
        ofReadersAndWriters(new PoisonRwLock()),
        of(new Semaphore(1)),
        of(new PoisonSemaphore(1)));
  }

  /** Those that one fiber may release for another that has acquired them, free. */
  static List<Acquirable> transferable() {
    return List.of(
        of(Mutex.unchecked()),
        of(new PoisonLock()),
        ofWriter(new PoisonRwLock()),
        of(new Semaphore(1)),
        of(Semaphore.binary(true)),
        of(new Semaphore(6), 3),
        of(new PoisonSemaphore(1)),
        of(new PoisonSemaphore(2)));
  }

  Object primitive() {
    return primitive;
  }

  /** How many can have it at the same time. */
  int together() {
    return together;
  }

  void acquire() {
    way.acquire.run();
  }

  boolean tryAcquire() {
    return way.tryAcquire.getAsBoolean();
  }

  boolean tryAcquire(Duration timeout) {
    return way.tryAcquireFor.test(timeout);
  }

  void release() {
    way.release.run();
  }

  /** Acquires it in such a way that all others have to wait. */
  void occupy() {
    for (int i = occupiers(); i > 0; i--) {
      occupying.acquire.run();
    }
    isOccupied = true;
  }

  /** The opposite of {@link #occupy}, by the same fiber. */
  void vacate() {
    isOccupied = false;
    for (int i = occupiers(); i > 0; i--) {
      occupying.release.run();
    }
  }

  private int occupiers() {
    return occupying == way ? together : 1;
  }

  /** Whether it is occupied; to be asked by one who has acquired it, and should get no for it. */
  boolean isOccupied() {
    return isOccupied;
  }

  /** Whether nobody has it, and nobody waits. */
  boolean isFree() {
    return state().equals(free);
  }

  String state() {
    return primitive.toString();
  }

  /** How many wait for it. */
  int waiting() {
    return Waiting.of(primitive);
  }

  void untilWaiting(int count) {
    Waiting.until(primitive, count);
  }

  /** Whether those who have given up are not counted among those who wait. */
  boolean forgetsAtOnce() {
    return !(primitive instanceof Mutex || primitive instanceof Semaphore);
  }

  @Override
  public String toString() {
    return primitive
        + ", "
        + way.name
        + (occupying == way ? "" : " after it was " + occupying.name);
  }
}
