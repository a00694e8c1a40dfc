package dev.picos.tests.scale;

/** How much of the heap is in use. */
final class Heap {
  private Heap() {}

  /** Bytes that survive a collection. */
  static long used() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
