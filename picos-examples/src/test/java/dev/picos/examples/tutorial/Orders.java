package dev.picos.examples.tutorial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.picos.core.Block;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import java.util.Arrays;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Random orders in which to run a program. */
final class Orders {
  private static final int MANY = 500;
  private static final Pattern SEED = Pattern.compile("seed (-?\\d+)");

  private Orders() {}

  /** Runs {@code program} in many orders, until it fails in one. */
  static void tryMany(Block<RuntimeException> program) {
    for (long seed = 1; seed <= MANY; seed++) {
      tryOne(seed, program);
    }
  }

  /** Runs {@code program} in many orders, and also on two domains at once. */
  static void tryAll(Block<RuntimeException> program) {
    tryMany(program);
    for (int i = 0; i < 100; i++) {
      MultiFifoScheduler.builder().domains(2).build().run(program);
    }
  }

  /** Runs {@code program} in the order that belongs to {@code seed}. */
  static void tryOne(long seed, Block<RuntimeException> program) {
    Preemption.on = true;
    try {
      // region order
      RandosScheduler.builder()
          .seed(seed)
          .closedWorld(true) // so that a deadlock ends the run
          .build()
          .run(program);
      // endregion
    } finally {
      Preemption.on = false;
    }
  }

  /** How {@code program} fails in the first order in which it does, and does so again. */
  static Throwable failure(Block<RuntimeException> program) {
    Throwable failure = catchThrowable(() -> tryMany(program));
    assertThat(failure).as("a failure in %d orders", MANY).isNotNull();
    assertThat(catchThrowable(() -> tryOne(seed(failure), program)))
        .as("the failure with the same seed")
        .hasSameClassAs(failure);
    if (Boolean.getBoolean("picos.tutorial.show")) {
      System.err.println("\n=== " + caller());
      failure.printStackTrace();
    }
    return failure;
  }

  /** The test that has called the method that calls this, as class and method. */
  private static String caller() {
    StackWalker.StackFrame test =
        StackWalker.getInstance().walk(frames -> frames.skip(2).findFirst()).orElseThrow();
    String type = test.getClassName();
    return type.substring(type.lastIndexOf('.') + 1) + "." + test.getMethodName();
  }

  /** The seed that a failure carries. */
  static long seed(Throwable failure) {
    return Arrays.stream(failure.getSuppressed())
        .flatMap(info -> SEED.matcher(String.valueOf(info.getMessage())).results())
        .map(MatchResult::group)
        .map(seed -> Long.parseLong(seed.substring("seed ".length())))
        .findFirst()
        .orElseThrow();
  }
}
