package dev.picos.core;

import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * A scheduling point: the place just before an access to state that fibers share.
 *
 * <p>A tool that explores interleavings wants to switch fibers exactly there. Concurrency libraries
 * call {@link #before} ahead of every read, write and read-modify-write of shared state. With
 * {@code -Dpicos.explore=true} on the command line the call reaches the {@link Explorer} that
 * {@link ServiceLoader} finds; without it the call is compiled away.
 */
public final class Point {
  // A static final that is null is a constant to the compiler: the branch in before() disappears.
  private static final @Nullable Explorer EXPLORER =
      Boolean.getBoolean("picos.explore") ? load() : null;

  private Point() {}

  /** What is about to happen. */
  public enum Kind {
    /** A read. */
    READ,
    /** A write. */
    WRITE,
    /** An atomic read-modify-write, such as a compare-and-set, whether it succeeds or not. */
    UPDATE
  }

  /** Decides what happens at a scheduling point. Found through {@link ServiceLoader}. */
  public interface Explorer {
    /**
     * Called in the fiber, or plain thread, that is about to access {@code target}. May suspend the
     * caller, and may throw only to abandon the execution.
     */
    void before(Object target, Kind kind);
  }

  /** Announces that the caller is about to access {@code target}. */
  public static void before(Object target, Kind kind) {
    if (EXPLORER != null) {
      EXPLORER.before(target, kind);
    }
  }

  private static Explorer load() {
    return ServiceLoader.load(Explorer.class)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "-Dpicos.explore=true needs an explorer, and no provider of "
                        + Explorer.class.getName()
                        + " is on the class path or module path; add one, or drop the property"));
  }
}
