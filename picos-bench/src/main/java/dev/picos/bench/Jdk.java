package dev.picos.bench;

import java.util.concurrent.CountDownLatch;

/** Virtual threads on the JDK's own scheduler. */
final class Jdk {
  /** Makes the JDK's scheduler use one carrier thread. */
  static final String ONE = "-Djdk.virtualThreadScheduler.parallelism=1";

  /** And not more when one is blocked. */
  static final String ONE_AT_MOST = "-Djdk.virtualThreadScheduler.maxPoolSize=1";

  private Jdk() {}

  /** Runs {@code body} in a virtual thread and waits for it. */
  static void call(Runnable body) throws InterruptedException {
    Thread.startVirtualThread(body).join();
  }

  /** Starts {@code threads} virtual threads in another one and waits for them. */
  static void callAll(int threads, Runnable body) throws InterruptedException {
    call(() -> runAll(threads, body));
  }

  /** Starts {@code threads} virtual threads and waits for them. */
  static void runAll(int threads, Runnable body) {
    CountDownLatch ended = new CountDownLatch(threads);
    for (int i = 0; i < threads; i++) {
      Thread.startVirtualThread(
          () -> {
            body.run();
            ended.countDown();
          });
    }
    try {
      ended.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
