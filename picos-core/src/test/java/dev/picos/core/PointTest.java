package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.testing.Fork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether there is an explorer is decided when a JVM starts, hence the forks. */
class PointTest {
  @TempDir private Path services;

  @BeforeEach
  void provideExplorer() throws IOException {
    Path file = services.resolve("META-INF/services/" + Point.Explorer.class.getName());
    Files.createDirectories(file.getParent());
    Files.writeString(file, PointProgram.Explorer.class.getName());
  }

  @Test
  void before_withoutTheFlag() throws Exception {
    // without the flag no explorer is asked, even if there is one
    Fork fork = Fork.java(PointProgram.class, List.of(Trigger.class), List.of(), services);

    assertThat(fork.output().lines())
        .containsExactly(
            "signal: []",
            "onSignal: []",
            "isSignaled: []",
            "tryReturn: []",
            "isRunning: []",
            "tryCommit: []");
    assertThat(fork.exit()).isZero();
  }

  @Test
  void before_withTheFlag() throws Exception {
    // with the flag, every access to shared state is announced before it happens
    Fork fork =
        Fork.java(
            PointProgram.class, List.of(Trigger.class), List.of("-Dpicos.explore=true"), services);

    assertThat(fork.output().lines())
        .containsExactly(
            "signal: [UPDATE Trigger[initial]]",
            "onSignal: [READ Trigger[initial], UPDATE Trigger[initial]]",
            "isSignaled: [READ Trigger[awaiting]]",
            "tryReturn: [READ Computation[running], UPDATE Computation[running]]",
            "isRunning: [READ Computation[returned 42]]",
            "tryCommit: [UPDATE Transaction[STARTED]]");
    assertThat(fork.exit()).isZero();
  }

  @Test
  void before_throwing() throws Exception {
    // an explorer that throws abandons the operation, which has not happened
    Fork fork =
        Fork.java(
            PointProgram.class,
            List.of(Trigger.class),
            List.of("-Dpicos.explore=true", "-Dpicos.program=abandon"),
            services);

    assertThat(fork.output().lines())
        .containsExactly("abandoned Trigger[initial]", "abandoned Computation[running]");
    assertThat(fork.exit()).isZero();
  }

  @Test
  void before_withoutAnExplorer() throws Exception {
    // the flag without an explorer is refused, with a message that says what is missing
    Fork fork =
        Fork.java(PointProgram.class, List.of(Trigger.class), List.of("-Dpicos.explore=true"));

    assertThat(fork.output())
        .contains(
            "-Dpicos.explore=true needs an explorer",
            "no provider of dev.picos.core.Point$Explorer");
    assertThat(fork.exit()).isNotZero();
  }

  @Test
  void triggers_doNotSpin() throws Exception {
    // With 8 threads contending for triggers, none passes more points than one alone would
    Fork fork =
        Fork.java(
            PointProgram.class,
            List.of(Trigger.class),
            List.of("-Dpicos.explore=true", "-Dpicos.program=contend"),
            services);

    assertThat(fork.output()).isEqualTo("3");
    assertThat(fork.exit()).isZero();
  }
}
