package dev.picos.domains;

/**
 * Starts the JDK's threads that wait for sockets, from a platform thread. They may be virtual
 * threads that inherit the scheduler of whoever starts them; if that were a fiber, they would live
 * in its scheduler's queue for ever.
 */
final class JdkPollers {
  private JdkPollers() {}

  static void start() {
    try {
      Class.forName("sun.nio.ch.Poller");
    } catch (ClassNotFoundException | LinkageError e) {
      // A JDK without this class has no such threads.
    }
  }
}
