package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.event.Event;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A semaphore whose fibers want different numbers of permits. */
class SemaphoreSizesTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");
  private final Semaphore semaphore = new Semaphore(3);

  private Computation<Object> acquirer(Computation<?> computation, int permits) {
    int before = Waiting.of(semaphore);
    Computation<Object> acquirer =
        Fibers.startUnder(
            computation,
            () -> {
              semaphore.acquire(permits);
              return permits;
            });
    Waiting.until(semaphore, before + 1);
    return acquirer;
  }

  private Computation<Object> acquirer(int permits) {
    return acquirer(new Computation<>(), permits);
  }

  @Test
  void withoutWaiting() {
    // the given number of permits is taken at once, or none is, and the same number comes back
    semaphore.acquire(2);
    assertThat(semaphore.availablePermits()).isEqualTo(1);
    assertThat(semaphore.tryAcquire(2)).isFalse();
    assertThat(semaphore.tryAcquire(2, Duration.ZERO)).isFalse();
    assertThat(semaphore.tryAcquire(1, LONG)).isTrue();
    assertThat(semaphore.tryAcquire(0)).isTrue();
    semaphore.acquire(0);
    semaphore.release(0);
    assertThat(semaphore.availablePermits()).isZero();
    semaphore.release(5);
    assertThat(semaphore.drainPermits()).isEqualTo(5);
    assertThat(semaphore.drainPermits()).isZero();
  }

  @Test
  void limits() {
    // what makes no sense is refused, and changes nothing
    assertThatIllegalArgumentException().isThrownBy(() -> semaphore.acquire(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> semaphore.tryAcquire(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> semaphore.tryAcquire(-1, LONG));
    assertThatIllegalArgumentException().isThrownBy(() -> semaphore.release(-1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> semaphore.tryAcquire(1, Duration.ofNanos(-1)));
    assertThatIllegalStateException().isThrownBy(() -> semaphore.release(Integer.MAX_VALUE));
    assertThat(semaphore).hasToString("Semaphore[3 available]");
    Semaphore flag = Semaphore.binary(false);
    assertThatIllegalArgumentException().isThrownBy(() -> flag.acquire(2));
    flag.release(2);
    flag.release(Integer.MAX_VALUE);
    assertThat(flag).hasToString("Semaphore[1 available]");
  }

  @OnEveryScheduler
  void many_isNotOvertaken(Scheduler scheduler) {
    // who waits for many at the head of the line keeps what is released, and nobody overtakes it
    scheduler.run(
        () -> {
          Computation<Object> many = acquirer(5);
          Computation<Object> one = acquirer(1);
          assertThat(semaphore.availablePermits()).isZero();
          assertThat(semaphore.tryAcquire()).isFalse();
          assertThat(semaphore.drainPermits()).isZero();
          assertThat(semaphore.acquireEvent().poll()).isNull();
          semaphore.release();
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(many.isRunning()).isTrue();
          assertThat(one.isRunning()).isTrue();
          semaphore.release();
          assertThat(many.await()).isEqualTo(5);
          assertThat(one.isRunning()).isTrue();
          semaphore.release();
          assertThat(one.await()).isEqualTo(1);
          assertThat(semaphore).hasToString("Semaphore[0 available]");
        });
  }

  @OnEveryScheduler
  void release_ofManyServesMany(Scheduler scheduler) {
    // one release serves as many as it suffices for, in order, and the rest is kept or available
    scheduler.run(
        () -> {
          semaphore.acquire(3);
          List<Computation<Object>> served = List.of(acquirer(1), acquirer(3), acquirer(2));
          Computation<Object> big = acquirer(4);
          semaphore.release(8);
          served.forEach(Computation::await);
          assertThat(big.isRunning()).isTrue();
          semaphore.release(3);
          big.await();
          assertThat(semaphore.availablePermits()).isEqualTo(1);
        });
  }

  @OnEveryScheduler
  void head_givesUp(Scheduler scheduler) {
    // when who waits for many is canceled, or its time is over, or its event loses, those behind it
    // get what was kept for it at once
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> canceled = acquirer(computation, 5);
          Computation<Object> two = acquirer(2);
          Computation<Object> one = acquirer(1);
          Computation<Object> next = acquirer(1);
          computation.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          two.await();
          one.await();
          assertThat(next.isRunning()).isTrue();
          semaphore.release(2);
          next.await();
          Computation<Boolean> late =
              Fibers.start(() -> semaphore.tryAcquire(9, Duration.ofMillis(1)));
          assertThat(late.await()).isFalse();
          assertThat(semaphore.availablePermits()).isEqualTo(1);
          Computation<Boolean> timed = Fibers.start(() -> semaphore.tryAcquire(2, LONG));
          Waiting.until(semaphore, 1);
          Computation<String> other = new Computation<>();
          Computation<Object> event =
              Fibers.start(() -> Event.<Object>select(semaphore.acquireEvent(), Event.of(other)));
          Waiting.until(semaphore, 2);
          other.tryReturn("other");
          assertThat(event.await()).isEqualTo("other");
          semaphore.release();
          assertThat(timed.await()).isTrue();
          assertThat(semaphore).hasToString("Semaphore[0 available]");
        });
  }

  @OnEveryScheduler
  void torture(Scheduler scheduler) {
    // no more are out at a time than there are, and in the end all are back
    scheduler.run(
        () -> {
          int all = 5;
          Semaphore shared = new Semaphore(all);
          AtomicInteger out = new AtomicInteger();
          List<Computation<Object>> fibers = new ArrayList<>();
          for (int i = 0; i < 8; i++) {
            int permits = 1 + i % all;
            fibers.add(
                Fibers.start(
                    () -> {
                      for (int round = 0; round < 50; round++) {
                        shared.runWithPermits(
                            permits,
                            () -> {
                              assertThat(out.addAndGet(permits)).isLessThanOrEqualTo(all);
                              Fiber.yield();
                              out.addAndGet(-permits);
                            });
                      }
                      return "done";
                    }));
          }
          fibers.forEach(Computation::await);
          assertThat(shared).hasToString("Semaphore[5 available]");
        });
  }
}
