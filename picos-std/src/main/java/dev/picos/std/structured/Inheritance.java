package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.core.internal.Headroom;
import dev.picos.std.internal.Bodies;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a fiber takes over from the one that forks it: fiber locals, thread locals, scoped values,
 * or whatever else goes with a piece of work.
 *
 * {@snippet :
 * static final FiberLocal<User> USER = new FiberLocal<>();
 * static final Inheritance OF_USER = Inheritance.of(USER);
 *
 * OF_USER.run(() -> Bundle.run(bundle -> {
 *   bundle.fork(() -> audit(USER.get(Fiber.current()))); // the user of the one that forks
 * }));
 * }
 *
 * <p>Nothing is inherited unless the code that forks says so. Scopes ({@link Bundle}, {@link Flock}
 * and {@link Run}) that are opened inside of {@link #run} or {@link #call} hand this on to every
 * fiber that is forked in them, and these fibers to those that they fork in scopes of their own.
 *
 * <p>An implementation says what it {@linkplain #capture captures} in the fiber that forks, and how
 * it is there again in the new one. For a {@code ScopedValue}, from JDK 25 on, this is a lambda:
 *
 * {@snippet :
 * Inheritance ofUser = () -> {
 *   ScopedValue.Carrier carrier = ScopedValue.where(USER, USER.get());
 *   return carrier::run;
 * };
 * }
 */
@FunctionalInterface
public interface Inheritance {
  /** What has been captured for a fiber, once for each. */
  @FunctionalInterface
  interface Captured {
    /**
     * Runs {@code body}, once, in what has been captured; called in the new fiber. This lets pass
     * what {@code body} throws.
     */
    void run(Runnable body);
  }

  /**
   * Captures what the new fiber is to have. This is called by the fiber or thread that forks, as a
   * part of {@code fork}, which throws what this throws, and does not fork then.
   */
  Captured capture();

  /** Returns the inheritance of what the fiber that forks holds in {@code locals}, if anything. */
  static Inheritance of(FiberLocal<?>... locals) {
    return new LocalInheritance(List.of(locals));
  }

  /** Returns an inheritance that captures this and then {@code other}, which is restored inside. */
  default Inheritance and(Inheritance other) {
    Objects.requireNonNull(other, "other");
    return () -> {
      Captured outer = capture();
      Captured inner = other.capture();
      return body -> outer.run(() -> inner.run(body));
    };
  }

  /**
   * Runs {@code block}. Scopes that the calling fiber opens meanwhile hand this on, in place of
   * what they would hand on outside; use {@link #and} to have both.
   *
   * @throws E what {@code block} throws
   */
  default <E extends Exception> void run(Block<E> block) throws E {
    this.<@Nullable Void, E>call(Bodies.of(block));
  }

  /**
   * Calls {@code body}, as {@link #run(Block)} runs a block, and returns what it returns.
   *
   * @throws E what {@code body} throws
   */
  default <T extends @Nullable Object, E extends Exception> T call(Body<? extends T, E> body)
      throws E {
    Objects.requireNonNull(body, "body");
    Headroom.requireForScope(); // or the way back might fail
    Fiber fiber = Fiber.current();
    Inheritance before = Heir.inheritanceOf(fiber);
    Heir.setInheritance(fiber, this);
    try {
      return body.run();
    } finally {
      Heir.setInheritance(fiber, before);
    }
  }

  /**
   * Captures now, and returns a body that runs {@code body} in what has been captured, once. This
   * is for fibers that are started otherwise than by a scope, such as by a service. It must be
   * called by a new fiber, which keeps what it inherits until its end.
   */
  default <T extends @Nullable Object> Body<T, Exception> bind(Body<? extends T, ?> body) {
    Heir<T> heir = new Heir<>(this, Objects.requireNonNull(body, "body"));
    return heir::get;
  }

  /** As {@link #bind}, for work that has no value. */
  default Block<Exception> bindBlock(Block<?> block) {
    Heir<@Nullable Void> heir = new Heir<>(this, Bodies.of(block));
    return heir::get;
  }
}
