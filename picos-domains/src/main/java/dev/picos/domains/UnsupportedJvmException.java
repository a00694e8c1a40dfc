package dev.picos.domains;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when this JVM has not what it takes to schedule virtual threads ourselves, whatever flags
 * are added: it makes none of its own, or the inside of its {@code java.lang} is another than that
 * of JDK 21 to 25. The message says which it is, and what works all the same.
 */
public final class UnsupportedJvmException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1L;

  UnsupportedJvmException(@Nullable Throwable cause) {
    super(message(cause), cause);
  }

  private static String message(@Nullable Throwable cause) {
    return "Picos schedulers run fibers as virtual threads of their own, and this JVM ("
        + System.getProperty("java.vm.name")
        + " "
        + Runtime.version()
        + ") cannot do that: "
        + (hasVirtualThreads()
            ? cause + "; they are made for the JDKs 21 to 25"
            : "it has no virtual threads but platform threads in their place, as with"
                + " -XX:-VMContinuations")
        + "\n  No flag helps. What works here:  ThreadScheduler.create() of picos-core";
  }

  private static boolean hasVirtualThreads() {
    Thread unstarted = Thread.ofVirtual().unstarted(() -> {});
    return !unstarted.getClass().getName().endsWith("BoundVirtualThread");
  }
}
