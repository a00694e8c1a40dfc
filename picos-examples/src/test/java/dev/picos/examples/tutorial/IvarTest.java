package dev.picos.examples.tutorial;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.domains.DeadlockException;
import dev.picos.examples.tutorial.IvarMistakes.DoesNotLookAgain;
import dev.picos.examples.tutorial.IvarMistakes.IgnoresTheReason;
import dev.picos.examples.tutorial.IvarMistakes.LeavesItsTrigger;
import dev.picos.examples.tutorial.IvarMistakes.LooksBeforeItIsFound;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The ivar of the tutorial works in many orders; each mistake fails in one of them. */
class IvarTest {
  static void handOver(Ivar<Integer> ivar) {
    Task<Integer> reader = Task.start(ivar::read);
    Task.pause();
    assertThat(ivar.tryFill(42)).isTrue();
    assertThat(reader.await()).isEqualTo(42);
  }

  static void cancelReader(Ivar<Integer> ivar) {
    Task<Integer> reader = Task.start(ivar::read);
    Task.pause();
    reader.cancel();
    Task.pause();
    assertThat(ivar.tryFill(42)).isTrue();
    if (!reader.wasCanceled()) {
      assertThat(reader.await()).isEqualTo(42);
    }
  }

  static void returnFromReader(Ivar<Integer> ivar) {
    Task<Integer> reader = Task.start(ivar::read);
    Task.pause();
    reader.life().tryReturn(null);
    Task.pause();
    assertThat(ivar.tryFill(42)).isTrue();
    assertThat(reader.await()).isEqualTo(42);
  }

  static void cancelMany(Ivar<Integer> ivar) {
    List<Task<Integer>> tasks = Stream.generate(() -> Task.start(ivar::read)).limit(20).toList();
    Task.pause();
    tasks.forEach(Task::cancel);
    assertThat(tasks).allMatch(Task::wasCanceled);
    assertThat(ivar.readers.size()).isZero();
  }

  @Test
  void ivar_works() {
    // the value reaches its reader, or the cancelation does, and nothing is left behind
    Orders.tryAll(() -> handOver(new Ivar<>()));
    Orders.tryAll(() -> cancelReader(new Ivar<>()));
    Orders.tryAll(() -> returnFromReader(new Ivar<>()));
    Orders.tryAll(() -> cancelMany(new Ivar<>()));
  }

  @Test
  void looksBeforeItIsFound_sleepsForEver() {
    assertThat(Orders.failure(() -> handOver(new LooksBeforeItIsFound<>())))
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("LooksBeforeItIsFound.read");
  }

  @Test
  void looksBeforeItIsFound_worksWhereFibersDoNotSwitchWithinIt() {
    // so a random order alone does not show it; the points are needed
    FifoScheduler.create().run(() -> handOver(new LooksBeforeItIsFound<>()));
    for (long seed = 1; seed <= 100; seed++) {
      RandosScheduler.builder()
          .seed(seed)
          .closedWorld(true)
          .build()
          .run(() -> handOver(new LooksBeforeItIsFound<>()));
    }
  }

  @Test
  void ignoresTheReason_returnsWhatIsNotThere() {
    assertThat(Orders.failure(() -> cancelReader(new IgnoresTheReason<>())))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("null");
  }

  @Test
  void doesNotLookAgain_returnsWhatIsNotThere() {
    assertThat(Orders.failure(() -> returnFromReader(new DoesNotLookAgain<>())))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("null");
  }

  @Test
  void leavesItsTrigger_growsWithEachCancelation() {
    assertThat(Orders.failure(() -> cancelMany(new LeavesItsTrigger<>())))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("expected: 0");
  }
}
