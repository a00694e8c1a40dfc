package dev.picos.tests.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.testing.Wait;
import dev.picos.tests.Alone;
import dev.picos.tests.OnEveryScheduler;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording tells of fibers. Those of other tests would be in it, too. */
@Alone
class RecordingTest {
  private static final List<String> EVENTS =
      List.of("FiberStart", "FiberEnd", "FiberWait", "FibersStolen", "FiberPinned");

  @TempDir Path folder;

  private interface Step {
    void run() throws Exception;
  }

  private List<RecordedEvent> recorded(boolean isOn, Step step) throws Exception {
    try (Recording recording = new Recording()) {
      if (isOn) {
        EVENTS.forEach(event -> recording.enable("dev.picos." + event).withoutThreshold());
      }
      recording.start();
      step.run();
      recording.stop();
      Path file = folder.resolve("recording.jfr");
      recording.dump(file);
      return RecordingFile.readAllEvents(file).stream()
          .filter(event -> EVENTS.contains(nameOf(event)))
          .toList();
    }
  }

  private static String nameOf(RecordedEvent event) {
    return event.getEventType().getName().replace("dev.picos.", "");
  }

  private static List<RecordedEvent> of(List<RecordedEvent> events, String name) {
    return events.stream().filter(event -> nameOf(event).equals(name)).toList();
  }

  private static void waits() {
    Bundle.run(
        bundle -> {
          Computation<Integer> answer = new Computation<>();
          Queue<Thread> threads = new ConcurrentLinkedQueue<>();
          for (int i = 0; i < 3; i++) {
            bundle.fork(
                "waits",
                () -> {
                  threads.add(Thread.currentThread());
                  answer.join();
                });
          }
          Wait.until(
              () ->
                  threads.size() == 3
                      && threads.stream()
                          .allMatch(thread -> thread.getState() == Thread.State.WAITING));
          answer.tryReturn(42);
        });
  }

  @OnEveryScheduler
  void waits_haveTheNameOfTheFiberAndThePlace(Scheduler scheduler) throws Exception {
    assumeFalse(scheduler instanceof ThreadScheduler, "the JDK has events of its own threads");
    List<RecordedEvent> events = recorded(true, () -> scheduler.run(RecordingTest::waits));
    assertThat(of(events, "FiberStart")).hasSize(4);
    assertThat(of(events, "FiberEnd"))
        .extracting(event -> event.getString("fiber"))
        .containsExactlyInAnyOrder("", "waits", "waits", "waits");
    List<RecordedEvent> named =
        of(events, "FiberWait").stream()
            .filter(event -> event.getString("fiber").equals("waits"))
            .toList();
    assertThat(named)
        .hasSize(3)
        .allSatisfy(
            event -> {
              assertThat(event.getString("scheduler")).isNotEmpty();
              assertThat(event.getBoolean("canceled")).isFalse();
              assertThat(event.getDuration()).isPositive();
              assertThat(event.getStackTrace().getFrames())
                  .anyMatch(frame -> frame.getMethod().getName().equals("join"));
            });
  }

  @Test
  void cancelation_isTold() throws Exception {
    List<RecordedEvent> events =
        recorded(
            true,
            () ->
                FifoScheduler.create()
                    .run(
                        () ->
                            Bundle.run(
                                bundle -> {
                                  bundle.fork("canceled", () -> new Computation<>().join());
                                  Fiber.yield(); // now it waits
                                  bundle.terminate();
                                })));
    assertThat(of(events, "FiberWait"))
        .filteredOn(event -> event.getString("fiber").equals("canceled"))
        .singleElement()
        .satisfies(event -> assertThat(event.getBoolean("canceled")).isTrue());
  }

  @OnEveryScheduler
  void fibers_areNotRecordedUnlessSomebodyAsks(Scheduler scheduler) throws Exception {
    assertThat(recorded(false, () -> scheduler.run(RecordingTest::waits))).isEmpty();
  }

  @Test
  void fibersThatAnotherDomainTakes_areTold() throws Exception {
    List<RecordedEvent> events =
        recorded(
            true,
            () ->
                MultiFifoScheduler.builder()
                    .domains(2)
                    .build()
                    .run(
                        () -> {
                          AtomicInteger moved = new AtomicInteger();
                          Thread spawner = Thread.currentThread();
                          for (int i = 0; i < 10; i++) {
                            Fiber.spawn(
                                new Fiber(new Computation<>()), fiber -> moved.incrementAndGet());
                          }
                          assertThat(spawner.isVirtual()).isTrue();
                          while (moved.get() == 0) {
                            Thread.onSpinWait(); // keeps its domain busy meanwhile
                          }
                        }));
    assertThat(of(events, "FibersStolen")).isNotEmpty();
    assertThat(of(events, "FibersStolen").get(0).getInt("fibers")).isPositive();
  }

  @Test
  void pinnedFiber_isTold() throws Exception {
    List<RecordedEvent> events =
        recorded(
            true,
            () ->
                FifoScheduler.create()
                    .run(
                        () -> {
                          Bundle.run(
                              bundle -> {
                                bundle.fork("pinned", Initialised::use);
                                Fiber.yield();
                                GOES_ON.countDown();
                              });
                        }));
    assertThat(of(events, "FiberPinned"))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.getString("fiber")).isEqualTo("pinned");
              assertThat(event.getString("scheduler")).isEqualTo("fifo");
              assertThat(event.getString("place")).contains("Initialised");
              assertThat(event.getString("sign")).isEqualTo("waits");
            });
  }

  private static final CountDownLatch GOES_ON = new CountDownLatch(1);

  /** A class whose initialiser waits, so that the thread cannot leave its carrier. */
  private static final class Initialised {
    static {
      try {
        GOES_ON.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    static void use() {}
  }
}
