package dev.picos.tests.structured;

import dev.picos.std.structured.Control;
import java.util.concurrent.atomic.AtomicInteger;

/** What children do in several tests. */
final class Children {
  private Children() {}

  /** Waits for cancelation, and counts on the way to its end, which takes its time. */
  static void blockAndEndSlowly(AtomicInteger ended) {
    try {
      Control.block();
    } finally {
      Control.runProtected(
          () -> {
            for (int i = 0; i < 10; i++) {
              Control.yield();
            }
          });
      ended.incrementAndGet();
    }
  }
}
