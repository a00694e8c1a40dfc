package dev.picos.examples;

import dev.picos.core.Body;
import java.util.concurrent.CountDownLatch;

/** The end of a program by Ctrl-C, or by any other request to the JVM. */
final class Ending {
  private Ending() {}

  /**
   * Runs {@code program}. If the JVM is to end meanwhile, it runs {@code onRequest}, and ends when
   * the program has.
   */
  static <T, E extends Exception> T await(Runnable onRequest, Body<T, E> program) throws E {
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  onRequest.run();
                  try {
                    ended.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                }));
    try {
      return program.run();
    } finally {
      ended.countDown();
    }
  }
}
