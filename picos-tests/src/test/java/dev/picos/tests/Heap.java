package dev.picos.tests;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;

/** How much memory is reachable. */
public final class Heap {
  private static final MemoryMXBean MEMORY = ManagementFactory.getMemoryMXBean();

  private Heap() {}

  /** Collects garbage until that frees nothing more, and returns the bytes in use. */
  public static long used() {
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 3; round++) {
      MEMORY.gc();
      least = Math.min(least, MEMORY.getHeapMemoryUsage().getUsed());
    }
    return least;
  }
}
