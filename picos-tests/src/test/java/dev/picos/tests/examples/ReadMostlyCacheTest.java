package dev.picos.tests.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Latch;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.util.Collections;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Values that are read all the time, and loaded once. */
class ReadMostlyCacheTest {
  /**
   * A cache that loads a value when it is first asked for it. Those who ask for it meanwhile wait
   * for that instead of loading it as well; afterwards reading takes one look into a map.
   *
   * <p>When loading fails, or the fiber that loads is canceled, that is its own affair: one of
   * those who wait loads next.
   */
  static final class Cache<K, V> {
    private final ConcurrentHashMap<K, Ivar<V>> entries = new ConcurrentHashMap<>();
    private final Function<? super K, ? extends V> loader;

    Cache(Function<? super K, ? extends V> loader) {
      this.loader = loader;
    }

    V get(K key) {
      for (; ; ) {
        Ivar<V> entry = entries.get(key);
        if (entry == null) {
          Ivar<V> mine = new Ivar<>();
          entry = entries.putIfAbsent(key, mine);
          if (entry == null) {
            return load(key, mine);
          }
        }
        try {
          return entry.read();
        } catch (Abandoned next) {
          // so look again
        }
      }
    }

    private V load(K key, Ivar<V> mine) {
      try {
        V value = loader.apply(key);
        mine.fill(value);
        return value;
      } finally {
        if (mine.peek() == null) {
          entries.remove(key, mine);
          mine.poison(new Abandoned());
        }
      }
    }

    /** Who asks from now on gets a new value; a value that is being loaded now is not that. */
    void invalidate(K key) {
      entries.remove(key);
    }
  }

  /** What those who wait for a value get when the one who was to load it has failed. */
  private static final class Abandoned extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private final AtomicInteger loads = new AtomicInteger();

  private final Cache<String, String> cache =
      new Cache<>(
          key -> {
            int number = loads.incrementAndGet();
            Fiber.yield(); // the query travels
            return key + " " + number;
          });

  @OnEveryScheduler
  void manyReaders_oneLoad(Scheduler scheduler) {
    // however many ask for a value at the same time, it is loaded once; until it is invalidated
    scheduler.run(
        () -> {
          Run.all(Collections.nCopies(100, () -> assertThat(cache.get("a")).isEqualTo("a 1")));
          assertThat(loads).hasValue(1);

          cache.invalidate("a");
          assertThat(cache.get("a")).isEqualTo("a 2");
          assertThat(cache.get("b")).isEqualTo("b 3");
        });
  }

  @OnEveryScheduler
  void loaderIsCanceled_anotherLoads(Scheduler scheduler) {
    // the one who loads may be canceled; those who wait for it are not concerned
    RuntimeException reason = new CancellationException("reason");
    Latch loading = new Latch(1);
    Cache<String, String> slow =
        new Cache<>(
            key -> {
              if (loads.incrementAndGet() == 1) {
                loading.decr();
                Control.block(); // until canceled
              }
              return key;
            });
    scheduler.run(
        () -> {
          Computation<String> first = Fibers.start(() -> slow.get("a"));
          loading.await();
          Computation<String> second = Fibers.start(() -> slow.get("a"));
          Fiber.yield();
          first.tryCancel(reason);
          assertThat(second.await()).isEqualTo("a");
          assertThatThrownBy(first::await).isSameAs(reason);
        });
    assertThat(loads).hasValue(2);
  }

  @OnEveryScheduler
  void loadFails_isTriedAgain(Scheduler scheduler) {
    // a failure is thrown at the one who loaded, and not kept
    RuntimeException failure = new IllegalStateException("no connection");
    Cache<String, String> unreliable =
        new Cache<>(
            key -> {
              if (loads.incrementAndGet() == 1) {
                Fiber.yield();
                throw failure;
              }
              return key;
            });
    scheduler.run(
        () -> {
          AtomicInteger failures = new AtomicInteger();
          Run.all(
              Collections.nCopies(
                  10,
                  () -> {
                    Outcome<String> outcome = outcomeOf(() -> unreliable.get("a"));
                    if (outcome instanceof Outcome.Canceled<String> failed) {
                      assertThat(failed.reason()).isSameAs(failure);
                      failures.incrementAndGet();
                    }
                  }));
          assertThat(failures).hasValue(1);
          assertThat(unreliable.get("a")).isEqualTo("a");
        });
    assertThat(loads).hasValue(2);
  }

  private static <T> Outcome<T> outcomeOf(Body<? extends T, RuntimeException> body) {
    try {
      return new Outcome.Returned<>(body.run());
    } catch (RuntimeException e) {
      return new Outcome.Canceled<>(e);
    }
  }
}
