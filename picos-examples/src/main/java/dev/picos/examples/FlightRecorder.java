package dev.picos.examples;

import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.Callable;
import jdk.jfr.Recording;

/** Records what the fibers of this JVM do while something runs. */
final class FlightRecorder {
  private static final Set<String> EVENTS =
      Set.of(
          "dev.picos.FiberStart",
          "dev.picos.FiberEnd",
          "dev.picos.FiberWait",
          "dev.picos.FiberPinned",
          "dev.picos.FibersStolen");

  /** What fibers wait for without an operation of Picos, as far as the JDK tells. */
  static final Set<String> TOLD_BY_THE_JDK =
      Set.of(
          "jdk.VirtualThreadPinned",
          "jdk.SocketRead",
          "jdk.SocketWrite",
          "jdk.ThreadSleep",
          "jdk.JavaMonitorEnter",
          "jdk.JavaMonitorWait");

  private FlightRecorder() {}

  /**
   * Runs {@code program} and leaves the recording in {@code file}, also if the JVM is ended
   * meanwhile.
   */
  static <T> T record(Path file, Callable<T> program) throws Exception {
    try (Recording recording = new Recording()) {
      recording.setName("fibers");
      recording.setDestination(file);
      recording.setDumpOnExit(true);
      EVENTS.forEach(event -> recording.enable(event).withoutThreshold());
      // From JDK 25 on, most events of a busy program are left out unless one asks for all.
      TOLD_BY_THE_JDK.forEach(
          event ->
              recording.enable(event).withoutThreshold().withStackTrace().with("throttle", "off"));
      recording.start();
      T result = program.call();
      recording.stop(); // which writes the file
      return result;
    }
  }
}
