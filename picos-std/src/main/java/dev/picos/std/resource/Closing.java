package dev.picos.std.resource;

import dev.picos.core.BlockWith;
import dev.picos.core.Body;
import dev.picos.core.internal.Headroom;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A resource for a {@code try} with resources, which releases it with cancelation forbidden.
 *
 * {@snippet :
 * try (var connection = Closing.acquire(() -> connect(host), Connection::close)) {
 *   connection.get().send("hello");
 * }
 * }
 *
 * <p>Use it for a resource whose own {@code close()} waits and was not written with cancelation in
 * mind: in a canceled fiber that would be cut short. As in any {@code try} with resources, when the
 * block and the release both throw, the exception of the block comes out, and suppresses that of
 * the release. When the exception of the block takes no suppressed ones, Java loses that of the
 * release, and no {@link #close} can change that. {@link Using} loses none, and has a form for a
 * body that returns a value.
 *
 * <p>It is for the fiber that acquired it. For a resource that is to go to another fiber, use
 * {@link Owned}.
 *
 * @param <R> the type of the resource
 * @param <E> the checked exception that the release may throw; {@link RuntimeException} when there
 *     is none
 */
public final class Closing<R extends @Nullable Object, E extends Exception>
    implements AutoCloseable {
  private final BlockWith<? super R, E> release;
  private final R resource;
  private boolean closed;

  // This object exists before the resource, so that a lack of memory cannot lose the resource.
  private <A extends Exception> Closing(
      Body<? extends R, A> acquire, BlockWith<? super R, E> release) throws A {
    this.release = Objects.requireNonNull(release, "release");
    Headroom.requireForScope();
    this.resource = acquire.run();
  }

  /**
   * Acquires a resource, to be released by {@link #close}.
   *
   * <p>Cancelation: up to {@code acquire}. If that throws, there is nothing to release.
   *
   * @throws A what {@code acquire} threw
   * @throws E never; from this the compiler infers that {@link #close} throws it, and that {@code
   *     close} throws nothing if {@code release} throws nothing checked
   */
  public static <R extends @Nullable Object, A extends Exception, E extends Exception>
      Closing<R, E> acquire(Body<? extends R, A> acquire, BlockWith<? super R, E> release)
          throws A, E {
    return new Closing<>(acquire, release);
  }

  /**
   * Returns the resource.
   *
   * @throws IllegalStateException if it has been released
   */
  public R get() {
    if (closed) {
      throw new IllegalStateException("closed: the resource has been released");
    }
    return resource;
  }

  /**
   * Releases the resource, with cancelation forbidden. Does nothing the second time, even if it
   * failed the first time.
   *
   * @throws E what the release threw
   */
  @Override
  public void close() throws E {
    if (!closed) {
      closed = true;
      Release.now(resource, release);
    }
  }

  /** Names the resource, for people. */
  @Override
  public String toString() {
    return "Closing[" + (closed ? "closed" : resource) + "]";
  }
}
