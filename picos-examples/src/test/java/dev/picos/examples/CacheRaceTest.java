package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Bundle;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A program that is wrong in some orders, and what its tester sees of it. */
class CacheRaceTest {
  // region race
  /** A value in a database, and a copy of it. */
  static final class Cache {
    private String stored = "old";
    private Optional<String> copy = Optional.empty();

    String read() {
      if (copy.isEmpty()) {
        Fiber.yield(); // the query travels
        String answer = stored;
        Fiber.yield(); // the answer travels
        copy = Optional.of(answer);
      }
      return copy.get();
    }

    void write(String value) {
      Fiber.yield();
      stored = value;
      Fiber.yield();
      copy = Optional.empty();
    }
  }

  static void readWhileItIsWritten(Scheduler scheduler) {
    Cache cache = new Cache();
    scheduler.run(
        () -> {
          Bundle.run(
              bundle -> {
                bundle.fork(cache::read);
                bundle.fork(() -> cache.write("new"));
              });
          assertThat(cache.read()).isEqualTo("new");
        });
  }

  static void search() {
    for (int i = 0; i < 1_000; i++) {
      readWhileItIsWritten(RandosScheduler.create()); // each with a seed of its own
    }
  }

  // endregion

  // region replay
  static void replay() {
    readWhileItIsWritten(RandosScheduler.builder().seed(2934122754022172362L).build());
  }

  // endregion

  @Test
  void programInFifoOrder_works() {
    assertThatCode(() -> readWhileItIsWritten(FifoScheduler.create())).doesNotThrowAnyException();
  }

  @Test
  void search_findsAnOrderInWhichItDoesNot() {
    Throwable failure = catchThrowable(CacheRaceTest::search);

    assertThat(failure).isInstanceOf(AssertionError.class).hasMessageContaining("\"old\"");
  }

  @Test
  void seedThatTheFailureNames_givesTheSameFailure() {
    Throwable failure = catchThrowable(CacheRaceTest::search);
    RandosScheduler again = RandosScheduler.builder().seed(seed(failure)).build();

    assertThat(catchThrowable(() -> readWhileItIsWritten(again))).hasMessage(failure.getMessage());
  }

  /** The seed that the README shows. */
  @Test
  void replay_failsOnEveryMachine() {
    assertThat(catchThrowable(CacheRaceTest::replay)).hasMessageContaining("\"old\"");
  }

  /** Finds the seed where a tester would, in the stack trace. */
  private static long seed(Throwable failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    Matcher seed =
        Pattern.compile("Suppressed: .*RandosScheduler\\[seed (-?\\d+)]").matcher(trace.toString());
    assertThat(seed.find()).as("a seed in %s", trace).isTrue();
    return Long.parseLong(seed.group(1));
  }
}
