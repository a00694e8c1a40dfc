package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.picos.core.Scheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Flock;
import dev.picos.std.sync.Ivar;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** A test that hangs, and what its timeout says about it. */
class HangingTestTest {
  /** Not run as it is, since it fails. */
  static class QuestionTest {
    // region hangs
    static Stream<Scheduler> schedulers() {
      return Stream.of(
          RandosScheduler.create(), // ends on an interrupt unless it is told not to
          FifoScheduler.builder().endsOnInterrupt(true).build(),
          MultiFifoScheduler.builder().endsOnInterrupt(true).build());
    }

    @ParameterizedTest
    @MethodSource("schedulers")
    @Timeout(1)
    void questionIsAnswered(Scheduler scheduler) {
      Ivar<String> answer = new Ivar<>();
      scheduler.run(
          () ->
              Flock.run(
                  () -> {
                    Flock.fork(() -> {}); // was to fill in the answer
                    Flock.fork(() -> assertThat(answer.read()).isEqualTo("42"));
                  }));
    }
    // endregion
  }

  @Test
  void timeout_saysWhereTheFibersWait() {
    List<Throwable> failures = new ArrayList<>();
    LauncherConfig withoutOtherListeners =
        LauncherConfig.builder()
            .enableLauncherSessionListenerAutoRegistration(false)
            .enableTestExecutionListenerAutoRegistration(false)
            .build();

    LauncherFactory.create(withoutOtherListeners)
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(QuestionTest.class))
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "false")
                .build(),
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                result.getThrowable().ifPresent(failures::add);
              }
            });

    assertThat(failures)
        .hasSize(3)
        .allSatisfy(
            failure ->
                assertThat(failure)
                    .hasMessageContaining("timed out after 1 second")
                    .hasStackTraceContaining(
                        " was given up, since its caller was interrupted; 2 fibers are alive:")
                    .hasStackTraceContaining("waits in dev.picos.std.sync.Ivar.read"));
    assertThat(failures)
        .anySatisfy(
            failure -> assertThat(failure).hasStackTraceContaining("RandosScheduler[seed "));
  }
}
