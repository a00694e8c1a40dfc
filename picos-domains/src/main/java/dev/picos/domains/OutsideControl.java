package dev.picos.domains;

import java.lang.System.Logger.Level;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Logs waits that the run of a fiber has no control of, once for each place in the program. */
final class OutsideControl {
  private static final System.Logger LOGGER = System.getLogger("dev.picos.domains");

  private static final Set<StackTraceElement> REPORTED = ConcurrentHashMap.newKeySet();

  private OutsideControl() {}

  /** Called when a fiber waits in {@code thread} for real time, for I/O or for another run. */
  static void report(Thread thread) {
    StackTraceElement place = placeOf(thread);
    if (place != null && REPORTED.add(place)) {
      LOGGER.log(
          Level.WARNING,
          "a fiber waits at {0}, for what is outside the control of its run: the run waits in"
              + " real time, and cannot be repeated",
          place);
    }
  }

  /** Where {@code thread} is in the program, rather than in the JDK or in this library. */
  static @Nullable StackTraceElement placeOf(Thread thread) {
    for (StackTraceElement frame : thread.getStackTrace()) {
      if (!isOfTheJdk(frame) && !FiberReport.isInner(frame.getClassName())) {
        return frame;
      }
    }
    return null;
  }

  private static boolean isOfTheJdk(StackTraceElement frame) {
    String module = frame.getModuleName();
    return module != null && (module.startsWith("java.") || module.startsWith("jdk."));
  }
}
