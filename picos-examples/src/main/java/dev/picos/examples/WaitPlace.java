package dev.picos.examples;

import java.util.List;
import java.util.regex.Pattern;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordedStackTrace;
import org.jspecify.annotations.Nullable;

/**
 * Where a fiber has waited.
 *
 * @param operation what the program has called: the outermost frame of Picos or of the JDK, or what
 *     the JDK calls it
 * @param caller the frame of the program that has called it; empty if there is none
 */
record WaitPlace(String operation, String caller) {
  static final String UNKNOWN = "an unknown place";

  private static final List<String> PICOS =
      List.of("core", "domains", "std", "interop", "sched").stream()
          .map(module -> "dev.picos." + module + ".")
          .toList();
  private static final List<String> JDK = List.of("java.", "javax.", "jdk.", "sun.", "com.sun.");

  /** What every fiber has at the bottom of its stack. */
  private static final List<String> BOTTOM =
      List.of("java.lang.", "jdk.internal.", "dev.picos.core.", "dev.picos.domains.");

  /** How javac names what is in a lambda: after the method around it. */
  private static final Pattern LAMBDA = Pattern.compile("lambda\\$(.+)\\$\\d+");

  /** Where the program has called an operation of Picos. */
  static WaitPlace of(@Nullable RecordedStackTrace stack) {
    List<RecordedFrame> frames = framesOf(stack);
    if (frames.isEmpty()) {
      return new WaitPlace(UNKNOWN, "");
    }
    int caller = caller(frames);
    int operation = caller - 1;
    if (caller == frames.size()) { // as for a fiber of Picos, or in a stack that was cut off
      while (operation > 0 && isIn(BOTTOM, frames.get(operation))) {
        operation--;
      }
    }
    return new WaitPlace(nameOf(frames.get(Math.max(0, operation))), nameOf(frames, caller));
  }

  /** Where the program does what the JDK calls {@code operation}, with frames on top or without. */
  static WaitPlace of(String operation, @Nullable RecordedStackTrace stack) {
    List<RecordedFrame> frames = framesOf(stack);
    return new WaitPlace(operation, nameOf(frames, caller(frames)));
  }

  private static List<RecordedFrame> framesOf(@Nullable RecordedStackTrace stack) {
    return stack == null
        ? List.of()
        : stack.getFrames().stream().filter(RecordedFrame::isJavaFrame).toList();
  }

  /** Which is the innermost frame of the program; the number of the frames if there is none. */
  private static int caller(List<RecordedFrame> frames) {
    int caller = 0;
    while (caller < frames.size()
        && (isIn(PICOS, frames.get(caller)) || isIn(JDK, frames.get(caller)))) {
      caller++;
    }
    return caller;
  }

  private static String nameOf(List<RecordedFrame> frames, int index) {
    return index == frames.size()
        ? ""
        : nameOf(frames.get(index)) + ":" + frames.get(index).getLineNumber();
  }

  private static boolean isIn(List<String> packages, RecordedFrame frame) {
    String type = frame.getMethod().getType().getName();
    return packages.stream().anyMatch(type::startsWith);
  }

  private static String nameOf(RecordedFrame frame) {
    RecordedMethod method = frame.getMethod();
    String type = method.getType().getName();
    String simple = type.substring(type.lastIndexOf('.') + 1).replace('$', '.');
    return simple + "." + LAMBDA.matcher(method.getName()).replaceAll("$1");
  }

  @Override
  public String toString() {
    return caller.isEmpty() ? operation : operation + " at " + caller;
  }
}
