package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.core.Fiber;
import dev.picos.domains.DeadlockException;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Flock;
import dev.picos.std.sync.Mutex;
import org.junit.jupiter.api.Test;

/** A deadlock that only some orders have, and what its tester sees of it. */
class OppositeLocksTest {
  // region deadlock
  static void transferBothWays() {
    Mutex mine = new Mutex();
    Mutex yours = new Mutex();
    Flock.run(
        () -> {
          Flock.fork(() -> transfer(mine, yours));
          Fiber.yield(); // other things to do
          Fiber.yield();
          Flock.fork(() -> transfer(yours, mine));
        });
  }

  static void transfer(Mutex from, Mutex to) {
    from.runLocked(
        () -> {
          Fiber.yield(); // the balance is looked up
          to.runLocked(() -> {});
        });
  }

  static void searchDeadlock() {
    for (int i = 0; i < 1_000; i++) {
      RandosScheduler.builder().closedWorld(true).build().run(OppositeLocksTest::transferBothWays);
    }
  }

  // endregion

  @Test
  void inFifoOrder_itWorks() {
    FifoScheduler.create().run(OppositeLocksTest::transferBothWays);
  }

  @Test
  void someRandomOrderEndsInADeadlock_andSaysWhereTheFibersWait() {
    DeadlockException deadlock =
        catchThrowableOfType(DeadlockException.class, OppositeLocksTest::searchDeadlock);
    assertThat(deadlock)
        .hasMessageMatching(
            "(?s)no fiber can run, and no timeout is set, in a run of"
                + " RandosScheduler\\[seed -?\\d+, closed world]; 3 wait:.*")
        .hasMessageContaining(
            "waits in dev.picos.std.sync.Mutex.runLocked"
                + System.lineSeparator()
                + "    at dev.picos.examples.OppositeLocksTest.lambda$transfer$");
    assertThat(deadlock.getSuppressed())
        .anySatisfy(info -> assertThat(info).hasMessageContaining("seed"));
  }
}
