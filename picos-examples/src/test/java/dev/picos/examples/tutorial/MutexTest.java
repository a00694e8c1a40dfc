package dev.picos.examples.tutorial;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Block;
import dev.picos.domains.DeadlockException;
import dev.picos.examples.tutorial.MutexMistakes.DoesNotLookAgain;
import dev.picos.examples.tutorial.MutexMistakes.KeepsWhatItWasHanded;
import dev.picos.examples.tutorial.MutexMistakes.LooksBeforeItFrees;
import dev.picos.examples.tutorial.MutexMistakes.PassesOnWhatItNeverHad;
import dev.picos.examples.tutorial.MutexMistakes.WakesBeforeItTakesOff;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The mutex of the tutorial works in many orders; each mistake fails in one of them. */
class MutexTest {
  static void takeTurns(Mutex mutex) {
    List<Task<Object>> tasks = startThree(mutex, 3);
    assertThat(tasks).noneMatch(Task::wasCanceled);
  }

  static List<Task<Object>> startThree(Mutex mutex, int steps) {
    AtomicInteger owners = new AtomicInteger();
    Block<RuntimeException> turn =
        () -> {
          assertThat(owners.incrementAndGet()).as("owners").isOne();
          Task.pause(steps);
          owners.decrementAndGet();
        };
    return Stream.generate(() -> Task.start(() -> mutex.runLocked(turn))).limit(3).toList();
  }

  static void cancelOne(Mutex mutex) {
    List<Task<Object>> tasks = startThree(mutex, 20);
    Task.pause();
    tasks.get(1).cancel();
    tasks.forEach(Task::wasCanceled);
    assertThat(mutex.tryLock()).isTrue();
    assertThat(mutex.waiters).isEmpty();
  }

  static void returnFromOne(Mutex mutex) {
    List<Task<Object>> tasks = startThree(mutex, 20);
    Task.pause();
    tasks.get(1).life().tryReturn(null);
    assertThat(tasks).noneMatch(Task::wasCanceled);
  }

  static Task<Object> usePool(Pool pool) {
    Task<Object> mine = Task.start(() -> use(pool));
    Task<Object> yours = Task.start(() -> use(pool));
    Task.pause();
    mine.cancel();
    mine.join();
    yours.join();
    return mine;
  }

  // region use
  static void use(Pool pool) {
    try (Pool.Connection connection = pool.borrow()) {
      connection.ask(); // throws the reason when the fiber is canceled
    }
  }

  // endregion

  static void usePoolAndCount(Pool pool) {
    usePool(pool);
    assertThat(pool.free()).as("free connections").isEqualTo(3);
  }

  @Test
  void mutex_works() {
    // one owner at a time, everyone has a turn, and nothing is left behind
    Orders.tryAll(() -> takeTurns(new Mutex()));
    Orders.tryAll(() -> cancelOne(new Mutex()));
    Orders.tryAll(() -> returnFromOne(new Mutex()));
  }

  @Test
  void keepsWhatItWasHanded_othersWaitForEver() {
    assertThat(Orders.failure(() -> cancelOne(new KeepsWhatItWasHanded())))
        .isInstanceOf(DeadlockException.class);
  }

  @Test
  void passesOnWhatItNeverHad_hasTwoOwners() {
    assertThat(Orders.failure(() -> cancelOne(new PassesOnWhatItNeverHad())))
        .hasMessageContaining("[owners]");
  }

  @Test
  void doesNotLookAgain_hasTwoOwners() {
    assertThat(Orders.failure(() -> returnFromOne(new DoesNotLookAgain())))
        .hasMessageContaining("[owners]");
  }

  @Test
  void wakesBeforeItTakesOff_isHandedOverToNobody() {
    assertThat(Orders.failure(() -> takeTurns(new WakesBeforeItTakesOff())))
        .isInstanceOf(DeadlockException.class);
  }

  @Test
  void looksBeforeItFrees_missesWhoComes() {
    assertThat(Orders.failure(() -> takeTurns(new LooksBeforeItFrees())))
        .isInstanceOf(DeadlockException.class);
  }

  @Test
  void releaseThatForbids_works() {
    Orders.tryAll(() -> usePoolAndCount(new Pool()));
    Orders.tryAll(() -> usePool(new Pool()).wasCanceled());
  }

  @Test
  void releaseThatIsCanceled_leaks() {
    assertThat(Orders.failure(() -> usePoolAndCount(new Pool.Leaky())))
        .hasMessageContaining("[free connections]");
  }

  @Test
  void releaseThatThrowsTheReasonAgain_hidesIt() {
    assertThat(Orders.failure(() -> usePool(new Pool.Leaky()).wasCanceled()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Self-suppression not permitted");
  }
}
