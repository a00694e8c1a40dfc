package dev.picos.std.structured;

import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The inheritance of fiber locals. */
record LocalInheritance(List<FiberLocal<?>> locals) implements Inheritance {
  /** What the forking fiber holds under one key. */
  private record Held<T extends @Nullable Object>(FiberLocal<T> local, T value) {
    static <T extends @Nullable Object> @Nullable Held<T> of(FiberLocal<T> local, Fiber fiber) {
      return local.isSet(fiber) ? new Held<>(local, local.get(fiber)) : null;
    }

    void setIn(Fiber fiber) {
      local.set(fiber, value);
    }
  }

  @Override
  public Captured capture() {
    Fiber parent = Fiber.current();
    List<Held<?>> held = new ArrayList<>(locals.size());
    for (FiberLocal<?> local : locals) {
      Held<?> one = Held.of(local, parent);
      if (one != null) {
        held.add(one);
      }
    }
    return body -> {
      Fiber child = Fiber.current();
      held.forEach(one -> one.setIn(child));
      body.run();
    };
  }
}
