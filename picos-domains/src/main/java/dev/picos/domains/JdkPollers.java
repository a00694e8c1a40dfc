package dev.picos.domains;

/**
 * Starts the JDK's threads that wait for sockets, from a platform thread. They may be virtual
 * threads that inherit the scheduler of the thread that starts them; if that were a fiber, they
 * would belong to its run, or be stranded when that is over.
 */
final class JdkPollers {
  private JdkPollers() {}

  static void start() {
    try {
      Class.forName("sun.nio.ch.Poller");
    } catch (Throwable failed) {
      // A JDK without this class has no such threads. One that cannot start them now, for lack of
      // memory, is no reason for the domain that asks to end.
    }
  }
}
