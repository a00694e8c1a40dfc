package dev.picos.domains;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * First come, first served, and nobody goes ahead: the simplest policy there is. It looks at the
 * fiber of everything that it is given and that it gives, as policies may.
 */
class QueuePolicy implements Policy {
  private final Queue<Ready> queue = new ArrayDeque<>();

  @Override
  public void ready(Ready fiber, boolean first) {
    int unused = fiber.fiber().hashCode();
    queue.add(fiber);
  }

  @Override
  public @Nullable Ready next() {
    Ready next = queue.poll();
    if (next != null) {
      int unused = next.fiber().hashCode();
    }
    return next;
  }

  @Override
  public boolean isEmpty() {
    return queue.isEmpty();
  }

  @Override
  public boolean spend(Operation operation) {
    return false;
  }
}
