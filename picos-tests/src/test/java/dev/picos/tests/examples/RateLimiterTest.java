package dev.picos.tests.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Semaphore;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** Not more requests than so many at once, and so many in a time. */
class RateLimiterTest {
  /**
   * A bucket of tokens: each request takes one, waiting for it in the order of arrival, and a fiber
   * puts one in at every interval, unless the bucket is full.
   */
  static final class RateLimiter {
    private final Semaphore tokens;
    private final int burst;
    private final Duration interval;

    RateLimiter(int burst, Duration interval) {
      this.tokens = new Semaphore(burst);
      this.burst = burst;
      this.interval = interval;
    }

    void acquire() {
      tokens.acquire();
    }

    boolean tryAcquire() {
      return tokens.tryAcquire();
    }

    /** For a fiber of its own, until canceled. The only one that releases, so the bucket holds. */
    void refill() {
      for (; ; ) {
        Control.sleep(interval);
        if (tokens.availablePermits() < burst) {
          tokens.release();
        }
      }
    }
  }

  @OnEveryScheduler
  void manyRequests(Scheduler scheduler) {
    // a burst goes through, and each request after that waits for its interval
    int burst = 5;
    int requests = 25;
    Duration interval = Duration.ofMillis(2);
    RateLimiter limiter = new RateLimiter(burst, interval);
    AtomicInteger done = new AtomicInteger();
    long start = System.nanoTime();
    scheduler.run(
        () ->
            Flock.run(
                OnReturn.TERMINATE, // the refilling
                () -> {
                  Flock.fork(limiter::refill);
                  Run.all(
                      Collections.nCopies(
                          requests,
                          () -> {
                            limiter.acquire();
                            done.incrementAndGet();
                          }));
                }));

    assertThat(done).hasValue(requests);
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isGreaterThanOrEqualTo(interval.multipliedBy(requests - burst));
  }

  @OnEveryScheduler
  void impatientRequests(Scheduler scheduler) {
    // a request that gives up does not use a token; nobody refills here, so the count is exact
    RateLimiter limiter = new RateLimiter(2, Duration.ofHours(1));
    scheduler.run(
        () -> {
          assertThat(limiter.tryAcquire()).isTrue();
          assertThatThrownBy(
                  () ->
                      Control.runWithin(
                          Duration.ofMillis(2),
                          () -> {
                            limiter.acquire(); // the last token
                            limiter.acquire();
                          }))
              .isInstanceOf(TimeoutException.class);
          assertThat(limiter.tryAcquire()).isFalse();
          limiter.tokens.release();
          Fiber.yield();
          assertThat(limiter.tryAcquire()).isTrue();
        });
  }
}
