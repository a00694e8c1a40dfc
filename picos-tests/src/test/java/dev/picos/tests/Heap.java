package dev.picos.tests;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;

/** How much memory is reachable. */
public final class Heap {
  private Heap() {}

  /**
   * Collects garbage until that frees nothing more, and returns the bytes in use. For tests that
   * run {@linkplain Alone alone}.
   */
  public static long used() {
    if (Boolean.getBoolean("junit.jupiter.execution.parallel.enabled")) {
      throw new IllegalStateException("other tests use memory, too: annotate this one with @Alone");
    }
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 2; round++) {
      ManagementFactory.getMemoryMXBean().gc();
      least = Math.min(least, afterCollection());
    }
    return least;
  }

  /** Not what is in use now: another thread may have taken a buffer of megabytes since. */
  private static long afterCollection() {
    long used = 0;
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      MemoryUsage usage = pool.getCollectionUsage(); // of pools that are collected
      used += usage == null ? 0 : usage.getUsed();
    }
    return used;
  }
}
