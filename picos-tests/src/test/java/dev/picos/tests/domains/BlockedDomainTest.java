package dev.picos.tests.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.domains.DeadlockException;
import dev.picos.domains.Domains;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Schedulers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.invoke.MethodHandles;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fibers that block the thread that carries them, be it of the only domain: others go on. */
@Alone
class BlockedDomainTest {
  private static final int MANY = 20;

  // The JDK's own virtual threads are left out: with all carriers pinned in class initialisers
  // they stand still.

  /** A test on one scheduler of each kind that runs fibers on domains. */
  @Retention(RetentionPolicy.RUNTIME)
  @ParameterizedTest
  @MethodSource("onDomains")
  @interface OnDomains {}

  static Stream<Named<Scheduler>> onDomains() {
    return Schedulers.ofEachKind()
        .filter(scheduler -> !(scheduler.getPayload() instanceof ThreadScheduler));
  }

  /** What the class that the fiber initialises runs then. */
  private static final ThreadLocal<Runnable> INITIALISER = new ThreadLocal<>();

  /** Is loaded anew for each test, as a class is initialised once. */
  private static final class Initialised {
    static {
      INITIALISER.get().run();
    }
  }

  private static MethodHandles.Lookup newClass() {
    try (InputStream bytes =
        Initialised.class.getResourceAsStream("BlockedDomainTest$Initialised.class")) {
      return MethodHandles.lookup()
          .defineHiddenClass(
              bytes.readAllBytes(), false, MethodHandles.Lookup.ClassOption.NESTMATE);
    } catch (IOException | IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  private static void initialise(MethodHandles.Lookup type, Runnable initialiser) {
    INITIALISER.set(initialiser);
    try {
      type.ensureInitialized(type.lookupClass());
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  private static void initialiseNewClass(Runnable initialiser) {
    initialise(newClass(), initialiser);
  }

  /** Awaits that all domains are idle, and those in relief are gone. */
  private static void awaitIdle() {
    Wait.until(
        () ->
            Domains.shared().all().stream().allMatch(domain -> domain.task() == null)
                && Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().equals("picos-domain-extra")));
  }

  @OnDomains
  void awaitInClassInitialiser(Scheduler scheduler) {
    Computation<String> computation = new Computation<>();
    scheduler.run(
        () -> {
          Fibers.start(
              () -> {
                Fiber.yield();
                return computation.tryReturn("value");
              });
          initialiseNewClass(computation::await);
        });
    assertThat(computation.await()).isEqualTo("value");
    awaitIdle();
  }

  @OnDomains
  void waitForClassThatAnotherFiberInitialises(Scheduler scheduler) {
    // not even the JVM's own state of the second fiber's thread tells that it waits
    Computation<String> computation = new Computation<>();
    AtomicInteger initialised = new AtomicInteger();
    scheduler.run(
        () -> {
          MethodHandles.Lookup type = newClass();
          for (int i = 0; i < 2; i++) {
            Fibers.start(
                () -> {
                  initialise(type, computation::await);
                  return initialised.incrementAndGet();
                });
          }
          Fibers.start(
              () -> {
                Fiber.yield();
                return computation.tryReturn("value");
              });
        });
    assertThat(initialised).hasValue(2);
    awaitIdle();
  }

  @OnDomains
  void readFromPipe(Scheduler scheduler) throws Exception {
    Process echo = new ProcessBuilder("cat").start();
    try (InputStream in = echo.getInputStream();
        OutputStream out = echo.getOutputStream()) {
      int read =
          scheduler.call(
              () -> {
                Fibers.start(
                    () -> {
                      Fiber.yield();
                      out.write(42);
                      out.flush();
                      return true;
                    });
                try {
                  return in.read();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      assertThat(read).isEqualTo(42);
    } finally {
      echo.destroy();
    }
    awaitIdle();
  }

  @OnDomains
  void waitAndNotify(Scheduler scheduler) {
    // before JDK 24 a fiber in Object.wait keeps its carrier
    Object monitor = new Object();
    AtomicInteger items = new AtomicInteger();
    AtomicInteger taken = new AtomicInteger();
    scheduler.run(
        () -> {
          for (int i = 0; i < MANY; i++) {
            Fibers.start(
                () -> {
                  synchronized (monitor) {
                    while (items.get() == 0) {
                      monitor.wait();
                    }
                    items.decrementAndGet();
                  }
                  return taken.incrementAndGet();
                });
          }
          for (int i = 0; i < MANY; i++) {
            Fiber.yield();
            synchronized (monitor) {
              items.incrementAndGet();
              monitor.notifyAll();
            }
          }
        });
    assertThat(taken).hasValue(MANY);
    awaitIdle();
  }

  @OnDomains
  void awaitWithMonitor(Scheduler scheduler) {
    // before JDK 24 such a fiber keeps its carrier, and so do those that wait for the monitor
    Object monitor = new Object();
    Computation<String> computation = new Computation<>();
    AtomicInteger entered = new AtomicInteger();
    scheduler.run(
        () -> {
          for (int i = 0; i < 3; i++) {
            Fibers.start(
                () -> {
                  synchronized (monitor) {
                    computation.await();
                    return entered.incrementAndGet();
                  }
                });
          }
          Fiber.yield();
          Fibers.start(() -> computation.tryReturn("value"));
        });
    assertThat(entered).hasValue(3);
    awaitIdle();
  }

  @OnDomains
  void manyThatWaitForOneAnother(Scheduler scheduler) {
    List<Computation<Integer>> chain =
        IntStream.range(0, MANY).mapToObj(i -> new Computation<Integer>()).toList();
    scheduler.run(
        () -> {
          for (int i = 0; i + 1 < MANY; i++) {
            Computation<Integer> mine = chain.get(i);
            Computation<Integer> next = chain.get(i + 1);
            Fibers.start(
                () -> {
                  initialiseNewClass(() -> mine.tryReturn(next.await() + 1));
                  return true;
                });
          }
          Fibers.start(() -> chain.get(MANY - 1).tryReturn(0));
        });
    assertThat(chain.get(0).await()).isEqualTo(MANY - 1);
    awaitIdle();
  }

  @OnDomains
  void operationsWhileStillPinned(Scheduler scheduler) {
    // a fiber whose domain has been relieved cannot leave its carrier, and does all that fibers do
    Computation<String> computation = new Computation<>();
    AtomicInteger children = new AtomicInteger();
    scheduler.run(
        () -> {
          Fibers.start(() -> computation.tryReturn("value"));
          initialiseNewClass(
              () -> {
                computation.await();
                for (int i = 0; i < MANY; i++) {
                  Fibers.start(children::incrementAndGet);
                  Fiber.yield();
                  assertThat(Fiber.random(10)).isBetween(0, 9);
                }
                Fiber.sleep(Duration.ofMillis(1));
                Bundle.run(
                    scope -> {
                      for (int i = 0; i < MANY; i++) {
                        scope.fork(children::incrementAndGet);
                      }
                    });
              });
          Fibers.start(children::incrementAndGet);
        });
    assertThat(children).hasValue(2 * MANY + 1);
    awaitIdle();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void onOneDomain_oneRunsAtATime_afterTheNextOperation(boolean random) {
    Scheduler scheduler =
        random ? RandosScheduler.builder().seed(1).build() : FifoScheduler.create();
    int[] count = {0}; // no volatile, and no atomic one
    Computation<String> computation = new Computation<>();
    scheduler.run(
        () -> {
          for (int i = 0; i < MANY; i++) {
            Fibers.start(
                () -> {
                  for (int turn = 0; turn < 1_000; turn++) {
                    count[0]++;
                    Fiber.yield();
                  }
                  return computation.tryReturn("value");
                });
          }
          initialiseNewClass(computation::await);
          Fiber.yield();
          for (int turn = 0; turn < 1_000; turn++) {
            count[0]++;
            Fiber.yield();
          }
        });
    assertThat(count[0]).isEqualTo((MANY + 1) * 1_000);
    awaitIdle();
  }

  @Test
  void deadlockInClassInitialiser_isNoticed() {
    RandosScheduler scheduler = RandosScheduler.builder().seed(1).virtualTime(true).build();
    Computation<String> never = new Computation<>();
    assertThatThrownBy(() -> scheduler.run(() -> initialiseNewClass(never::await)))
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("1 waits")
        .hasMessageContaining("BlockedDomainTest.initialiseNewClass");
    awaitIdle();
  }

  @Test
  void virtualTime_passesInClassInitialiser() {
    RandosScheduler scheduler = RandosScheduler.builder().seed(1).virtualTime(true).build();
    AtomicInteger hours = new AtomicInteger();
    scheduler.run(
        () -> {
          Fibers.start(
              () -> {
                Fiber.sleep(Duration.ofHours(2));
                return hours.compareAndSet(1, 2);
              });
          initialiseNewClass(
              () -> {
                Fiber.sleep(Duration.ofHours(1));
                hours.compareAndSet(0, 1);
              });
        });
    assertThat(hours).hasValue(2);
    awaitIdle();
  }
}
