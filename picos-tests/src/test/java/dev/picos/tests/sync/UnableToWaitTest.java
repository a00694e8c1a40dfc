package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Handler;
import dev.picos.core.Trigger;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.channel.Channel;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Mutex;
import dev.picos.testing.Task;
import dev.picos.tests.OnlyCurrent;
import org.junit.jupiter.api.Test;

/**
 * A fiber that finds no stack or no memory to be suspended is not left in a line that it does not
 * stand in any more.
 */
class UnableToWaitTest {
  private final Error error = new OutOfMemoryError("thrown by the test");

  private void failsToWait(Block<RuntimeException> wait) throws Exception {
    Task.start(
            () ->
                Handler.using(
                    new Unable(error), () -> assertThatThrownBy(wait::run).isSameAs(error)))
        .result();
  }

  @Test
  void acquiring() throws Exception {
    // nothing is handed over to it, and no signal spent on it
    for (Acquirable each : Acquirable.all()) {
      each.occupy();
      String occupied = each.state();

      failsToWait(each::acquire);
      assertThat(each.state()).isEqualTo(occupied);
      each.vacate();

      assertThat(each).matches(Acquirable::isFree, "is free");
    }
  }

  @Test
  void condition() throws Exception {
    // it has the mutex, as however a wait ends, and the signal is for another
    Mutex mutex = new Mutex();
    Condition condition = mutex.newCondition();

    failsToWait(
        () -> {
          mutex.lock();
          try {
            condition.await();
          } finally {
            mutex.unlock();
          }
        });

    assertThat(condition).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
  }

  @Test
  void awaitable() throws Exception {
    // no signal is spent on it
    AwaitableInt word = new AwaitableInt(0);

    failsToWait(() -> word.await(0));

    assertThat(word.waiterCount()).isZero();
  }

  @Test
  void channel() throws Exception {
    // no item is given to it, and none taken from it
    Channel<String> channel = Channel.rendezvous();

    failsToWait(channel::receive);
    assertThat(channel.trySend("lost")).isFalse();

    failsToWait(() -> channel.send("unsent"));
    assertThat(channel.tryReceive()).isNull();
  }

  /** Makes the calling thread a fiber that cannot be suspended. */
  private static final class Unable extends OnlyCurrent {
    private final Error error;

    Unable(Error error) {
      this.error = error;
    }

    @Override
    public Throwable await(Trigger trigger) {
      throw error;
    }
  }
}
