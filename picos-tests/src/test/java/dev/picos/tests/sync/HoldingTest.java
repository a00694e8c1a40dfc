package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.PoisonedException;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.fibers.Canceled;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What all that run a body while they are held have in common. */
class HoldingTest {
  private interface Run {
    void run(Block<IOException> block) throws IOException;
  }

  private interface Call {
    Object call(Body<Object, IOException> body) throws IOException;
  }

  /** Something that is held, in one of its ways. */
  private record Way(Object held, Run run, Call call, Runnable acquire, Runnable release) {
    String state() {
      return held.toString();
    }
  }

  private final RuntimeException reason = new CancellationException("reason");
  private final IOException failure = new IOException("failure");

  /** Those that are poisoned by a failure. */
  private static List<Way> poisonable() {
    PoisonLock lock = new PoisonLock();
    PoisonRwLock rwLock = new PoisonRwLock();
    return List.of(
        new Way(lock, lock::runOrPoison, lock::callOrPoison, lock::lock, lock::unlock),
        new Way(rwLock, rwLock::runOrPoison, rwLock::callOrPoison, rwLock::lock, rwLock::unlock));
  }

  /** Those that know whether they are held, and are released in any case. */
  private static List<Way> locks() {
    Mutex mutex = new Mutex();
    Mutex unchecked = Mutex.unchecked();
    PoisonLock lock = new PoisonLock();
    PoisonRwLock rwLock = new PoisonRwLock();
    return List.of(
        new Way(mutex, mutex::runLocked, mutex::callLocked, mutex::lock, mutex::unlock),
        new Way(
            unchecked,
            unchecked::runLocked,
            unchecked::callLocked,
            unchecked::lock,
            unchecked::unlock),
        new Way(lock, lock::runLocked, lock::callLocked, lock::lock, lock::unlock),
        new Way(rwLock, rwLock::runLocked, rwLock::callLocked, rwLock::lock, rwLock::unlock),
        new Way(
            rwLock,
            rwLock::runLockedShared,
            rwLock::callLockedShared,
            rwLock::lockShared,
            rwLock::unlockShared));
  }

  private static List<Way> semaphores() {
    Semaphore one = new Semaphore(1);
    Semaphore five = new Semaphore(5);
    PoisonSemaphore poisonable = new PoisonSemaphore(1);
    return List.of(
        new Way(one, one::runWithPermit, one::callWithPermit, one::acquire, one::release),
        new Way(
            five,
            block -> five.runWithPermits(3, block),
            body -> five.callWithPermits(3, body),
            () -> five.acquire(3),
            () -> five.release(3)),
        new Way(
            poisonable,
            poisonable::runWithPermit,
            poisonable::callWithPermit,
            poisonable::acquire,
            poisonable::release));
  }

  private static List<Way> all() {
    return Stream.of(locks(), semaphores(), poisonable()).flatMap(List::stream).toList();
  }

  @Test
  void whatReturns_isReleased() throws IOException {
    // it is held while the body runs, and as before when that has returned its value
    for (Way way : all()) {
      String before = way.state();
      way.acquire.run();
      String held = way.state();
      way.release.run();
      way.run.run(() -> assertThat(way.state()).isEqualTo(held));
      assertThat(way.state()).isEqualTo(before);
      assertThat(way.call.call(way::state)).isEqualTo(held);
      assertThat(way.call.call(() -> null)).isNull();
      assertThat(way.state()).isEqualTo(before);
    }
  }

  @Test
  void whatThrows_isReleased() {
    // what the body throws comes out, and it is as before
    for (Way way : Stream.concat(locks().stream(), semaphores().stream()).toList()) {
      String before = way.state();
      assertThatThrownBy(() -> way.run.run(this::fail)).isSameAs(failure);
      assertThatThrownBy(() -> way.call.call(this::fail)).isSameAs(failure);
      assertThat(way.state()).isEqualTo(before);
    }
  }

  @Test
  void whatThrows_poisons() {
    // what the body throws comes out, and is the cause of what everyone gets from then on
    for (Way way : poisonable()) {
      assertThatThrownBy(() -> way.call.call(this::fail)).isSameAs(failure);
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> way.run.run(() -> {}))
            .isInstanceOf(PoisonedException.class)
            .hasCause(failure);
      }
    }
    for (Way way : poisonable()) {
      assertThatThrownBy(() -> way.run.run(this::fail)).isSameAs(failure);
      assertThatThrownBy(way.acquire::run).hasCause(failure);
    }
  }

  @Test
  void whatReleases_andThrows() {
    // a body that releases and then throws: its exception comes out, and that nothing was held is
    // suppressed in it
    for (Way way : locks()) {
      String before = way.state();
      IOException thrown = new IOException("thrown");
      assertThatThrownBy(
              () ->
                  way.run.run(
                      () -> {
                        way.release.run();
                        throw thrown;
                      }))
          .isSameAs(thrown);
      assertThat(thrown.getSuppressed())
          .hasSize(1)
          .hasOnlyElementsOfType(IllegalMonitorStateException.class);
      assertThat(way.state()).isEqualTo(before);
    }
  }

  @Test
  void whatReleases_andThrows_poisonsNothing() {
    // there is nothing that can have been left half done
    for (Way way : poisonable()) {
      String before = way.state();
      assertThatThrownBy(
              () ->
                  way.run.run(
                      () -> {
                        way.release.run();
                        throw failure;
                      }))
          .isSameAs(failure);
      assertThat(failure).hasNoSuppressedExceptions();
      assertThat(way.state()).isEqualTo(before);
    }
  }

  @Test
  void whatReleases_andReturns() {
    // a body that releases and returns has done something wrong
    for (Way way : Stream.concat(locks().stream(), poisonable().stream()).toList()) {
      assertThatExceptionOfType(IllegalMonitorStateException.class)
          .isThrownBy(() -> way.run.run(way.release::run));
    }
  }

  @Test
  void nulls() {
    // null is refused, and nothing taken
    for (Way way : all()) {
      String before = way.state();
      assertThatNullPointerException().isThrownBy(() -> way.run.run(null));
      assertThatNullPointerException().isThrownBy(() -> way.call.call(null));
      assertThat(way.state()).isEqualTo(before);
    }
  }

  @OnEveryScheduler
  void inCanceledFiber(Scheduler scheduler) throws Exception {
    // none is a cancelation point when it need not wait, and each gives back in a canceled fiber
    scheduler.run(
        () -> {
          for (Way way : all()) {
            String before = way.state();
            Canceled.with(
                reason, () -> way.run.run(() -> assertThatThrownBy(Fiber::yield).isSameAs(reason)));
            assertThat(way.state()).isEqualTo(before);
          }
        });
  }

  @OnEveryScheduler
  void canceled_poisons(Scheduler scheduler) {
    // the reason of a cancelation poisons like any failure
    scheduler.run(
        () -> {
          for (Way way : poisonable()) {
            Canceled.with(
                reason, () -> assertThatThrownBy(() -> way.run.run(Fiber::yield)).isSameAs(reason));
            assertThatThrownBy(way.acquire::run).hasCause(reason);
          }
        });
  }

  private Object fail() throws IOException {
    throw failure;
  }
}
