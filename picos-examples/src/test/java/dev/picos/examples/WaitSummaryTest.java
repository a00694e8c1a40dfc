package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.picos.core.Fiber;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.sync.Ivar;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WaitSummaryTest {
  @TempDir private Path directory;

  private WaitSummary recorded(Runnable program) throws Exception {
    Path file = directory.resolve("waits.jfr");
    FlightRecorder.record(
        file,
        () -> {
          program.run();
          return "done";
        });
    return WaitSummary.of(file);
  }

  /** Three fibers wait for an answer, and one for something that never comes. */
  private static void waits() {
    Bundle.run(
        bundle -> {
          Ivar<String> answer = new Ivar<>();
          for (int i = 0; i < 3; i++) {
            bundle.fork("reader", () -> read(answer));
          }
          bundle.fork(() -> read(new Ivar<>()));
          Fiber.yield(); // now all of them wait
          answer.fill("42");
          Fiber.yield(); // now the readers have ended
          bundle.terminate();
        });
  }

  private static void read(Ivar<String> ivar) {
    ivar.read();
  }

  private static void sleepInTheJdk() {
    try {
      Thread.sleep(1);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void waits_areSortedByFiberAndPlace() throws Exception {
    // those of fibers of the same name at the same place are in one row
    WaitSummary summary = recorded(() -> FifoScheduler.create().run(WaitSummaryTest::waits));

    assertThat(summary.rows())
        .extracting(
            row -> row.key().scheduler(),
            row -> row.key().fiber(),
            row -> row.key().place().operation(),
            row -> row.key().place().caller().replaceAll(":[1-9][0-9]*$", ":line"),
            WaitRow::count,
            WaitRow::canceled)
        .containsExactlyInAnyOrder(
            tuple("fifo", "reader", "Ivar.read", "WaitSummaryTest.read:line", 3, 0),
            tuple("fifo", "unnamed", "Ivar.read", "WaitSummaryTest.read:line", 1, 1),
            tuple("fifo", "unnamed", "Bundle.run", "WaitSummaryTest.waits:line", 1, 0));
    assertThat(summary.rows()).isSortedAccordingTo(WaitRow.LONGEST_FIRST);
    assertThat(summary.fibers())
        .isEqualTo("5 fibers started, 5 ended, 0 were taken by another domain");
    assertThat(summary.pinned()).isEmpty();
  }

  @Test
  void waitInTheJdk_isThatOfAFiber_orLeftOut() throws Exception {
    // a virtual thread of no scheduler of ours is none of our business
    WaitSummary ours = recorded(() -> RandosScheduler.create().run(WaitSummaryTest::sleepInTheJdk));
    WaitSummary others =
        recorded(() -> ThreadScheduler.create().run(WaitSummaryTest::sleepInTheJdk));

    assertThat(ours.rows())
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.key().scheduler()).isEqualTo("RandosScheduler"); // of whatever seed
              assertThat(row.key().fiber()).isEqualTo("unnamed");
              assertThat(row.key().place().operation()).contains("Sleep");
              assertThat(row.key().place().caller()).startsWith("WaitSummaryTest.sleepInTheJdk:");
            });
    assertThat(others.isEmpty()).isTrue();
  }

  @Test
  void pinnedFiber_isToldWithItsPlace() throws Exception {
    WaitSummary summary =
        recorded(
            () ->
                FifoScheduler.create()
                    .run(
                        () ->
                            Bundle.run(
                                bundle -> {
                                  bundle.fork("pinned", Initialised::use);
                                  Fiber.yield(); // comes back since another domain goes on
                                  GOES_ON.countDown();
                                })));

    assertThat(summary.pinned().keySet())
        .anySatisfy(
            place -> assertThat(place).startsWith("Fiber Pinned, pinned at ").contains("<clinit>"));
  }

  @Test
  void recordingOfOneEvent_isEnough() throws Exception {
    // somebody has turned on what fibers wait for, and nothing else
    Path file = directory.resolve("waits.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("dev.picos.FiberWait");
      recording.start();
      FifoScheduler.create().run(WaitSummaryTest::waits);
      recording.stop();
      recording.dump(file);
    }

    WaitSummary summary = WaitSummary.of(file);

    assertThat(summary.isEmpty()).isFalse();
    assertThat(summary.rows().stream().map(WaitRow::count).toList())
        .containsExactlyInAnyOrderElementsOf(List.of(3, 1, 1));
    assertThat(summary.fibers()).isEqualTo("when fibers started and ended was not recorded");
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
