package dev.picos.bench;

/**
 * The pools of threads that benchmarks use. The JDK reads its settings with the first use of
 * virtual threads, which is also the making of a scheduler of ours; so these come before.
 */
final class Pools {
  private Pools() {}

  /** Limits all of them to so many threads; to be called before any is in use. */
  static void limit(int threads) {
    String many = Integer.toString(threads);
    System.setProperty("picos.domains", many);
    System.setProperty("jdk.virtualThreadScheduler.parallelism", many);
    System.setProperty("jdk.virtualThreadScheduler.maxPoolSize", many);
    System.setProperty("kotlinx.coroutines.scheduler.core.pool.size", many);
    System.setProperty("kotlinx.coroutines.scheduler.max.pool.size", many);
  }
}
