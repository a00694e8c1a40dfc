package dev.picos.interop.micrometer;

import dev.picos.std.structured.Inheritance;
import io.micrometer.context.ContextSnapshot;
import io.micrometer.context.ContextSnapshotFactory;
import java.util.Objects;

/**
 * The inheritance of whatever Micrometer's context propagation knows: the MDC of SLF4J, the
 * observation or span that is open, the locale, or the user of a request, each by way of a {@code
 * ThreadLocalAccessor} that its library or the program has registered.
 *
 * {@snippet :
 * ContextInheritance.create().run(() -> Run.all(this::first, this::second));
 * }
 */
@SuppressWarnings("exports") // of Micrometer's class: whoever has one has Micrometer
public final class ContextInheritance implements Inheritance {
  private final ContextSnapshotFactory factory;

  private ContextInheritance(ContextSnapshotFactory factory) {
    this.factory = factory;
  }

  /** Returns the inheritance of all that is registered with Micrometer's registry for the JVM. */
  public static ContextInheritance create() {
    return of(ContextSnapshotFactory.builder().build());
  }

  /** Returns the inheritance of what {@code factory} captures. */
  public static ContextInheritance of(ContextSnapshotFactory factory) {
    return new ContextInheritance(Objects.requireNonNull(factory, "factory"));
  }

  @Override
  public Captured capture() {
    ContextSnapshot snapshot = factory.captureAll();
    return body -> snapshot.wrap(body).run();
  }
}
