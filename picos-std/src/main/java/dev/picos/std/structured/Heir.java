package dev.picos.std.structured;

import dev.picos.core.Body;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import org.jspecify.annotations.Nullable;

/** The work of a fiber that inherits: a body in what has been captured for it. */
final class Heir<T extends @Nullable Object> {
  private static final FiberLocal<@Nullable Inheritance> CURRENT = new FiberLocal<>();

  private final Inheritance inheritance;
  private final Inheritance.Captured captured;
  private final Body<? extends T, ?> body;
  private boolean hasReturned;
  private @Nullable T value;
  private @Nullable Throwable thrown;

  /** Captures what {@code inheritance} says, in the fiber that forks. */
  Heir(Inheritance inheritance, Body<? extends T, ?> body) {
    this.inheritance = inheritance;
    this.body = body;
    captured = inheritance.capture();
  }

  /** What the scopes hand on that {@code fiber} opens. */
  static @Nullable Inheritance inheritanceOf(Fiber fiber) {
    return CURRENT.getOrDefault(fiber, null);
  }

  static void setInheritance(Fiber fiber, @Nullable Inheritance inheritance) {
    if (inheritance == null) {
      CURRENT.remove(fiber);
    } else {
      CURRENT.set(fiber, inheritance);
    }
  }

  /** Does the work, in the new fiber. */
  @SuppressWarnings("NullAway") // what the body has returned is a T
  T get() throws Exception {
    setInheritance(Fiber.current(), inheritance);
    try {
      captured.run(this::runBody);
    } catch (Throwable fromRun) {
      if (thrown != null && thrown != fromRun) {
        thrown.addSuppressed(fromRun);
      }
      throw Thrown.<Exception>unchanged(thrown == null ? fromRun : thrown);
    }
    if (thrown != null) {
      throw Thrown.<Exception>unchanged(thrown); // which the one who restores has swallowed
    }
    if (!hasReturned) {
      throw new IllegalStateException(captured + " has not run the body that it was given");
    }
    return value;
  }

  private void runBody() {
    try {
      value = body.run();
      hasReturned = true;
    } catch (Throwable byBody) {
      thrown = byBody;
      throw Thrown.<RuntimeException>unchanged(byBody);
    }
  }
}
