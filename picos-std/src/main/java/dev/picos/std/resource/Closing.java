package dev.picos.std.resource;

import dev.picos.core.Body;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A resource in a {@code try} with resources that is released with cancelation forbidden.
 *
 * {@snippet :
 * try (var connection = Closing.acquire(() -> connect(host), Connection::close)) {
 *   connection.get().send("hello");
 * }
 * }
 *
 * <p>For a resource whose own {@code close()} awaits and was not written with cancelation in mind:
 * in a canceled fiber that would be cut short. As in any {@code try} with resources, when the block
 * and the release both throw, the exception of the block comes out. To have that of the release
 * come out, and for a body that returns a value, there is {@link Using}.
 *
 * <p>For the fiber that acquired it; what is to go to another fiber is {@link Owned}.
 *
 * @param <R> the resource
 * @param <E> the checked exception that the release may throw; {@link RuntimeException} when there
 *     is none
 */
public final class Closing<R extends @Nullable Object, E extends Exception>
    implements AutoCloseable {
  private final ResourceBlock<? super R, E> release;
  private final R resource;
  private boolean closed;

  // This object is there before there is a resource that a lack of memory could lose.
  private Closing(Body<? extends R, E> acquire, ResourceBlock<? super R, E> release) throws E {
    this.release = Objects.requireNonNull(release, "release");
    this.resource = acquire.run();
  }

  /**
   * Acquires a resource, to be released by {@link #close}.
   *
   * <p>Cancelation: the affair of {@code acquire}. If that throws, there is nothing to release.
   *
   * @throws E what {@code acquire} threw
   */
  public static <R extends @Nullable Object, E extends Exception> Closing<R, E> acquire(
      Body<? extends R, E> acquire, ResourceBlock<? super R, E> release) throws E {
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
   * Releases the resource, with cancelation forbidden. Does nothing the second time, also when the
   * first time failed.
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
