package dev.picos.domains;

import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What is needed of the JVM to run virtual threads as we like. The only place that knows how; a
 * second mechanism, such as the scheduler interface that the JDK is to have, is a second
 * implementation.
 */
interface VirtualThreads {
  /**
   * Makes a virtual thread whose slices are handed to {@code scheduler}, always as the same {@link
   * Runnable}, for it to run on a platform thread. Inherits nothing.
   */
  Thread unstarted(Executor scheduler, Runnable body);

  /**
   * Returns what {@link #unstarted} was given, or another executor for any other virtual thread.
   */
  @Nullable Executor schedulerOf(Thread virtualThread);

  /** Returns the scheduler that virtual threads have when nobody chooses. */
  Executor defaultScheduler();

  /** Sets the context class loader of the calling virtual thread. Cheap if it is that already. */
  void setContextClassLoader(Thread current, @Nullable ClassLoader loader);

  /**
   * Removes what a fiber may have left on the calling virtual thread: thread locals, interrupt
   * status, the permit of an unpark, name and uncaught-exception handler. Cheap if there is
   * nothing.
   */
  void reset(Thread current);

  /**
   * Returns the mechanism of this JVM.
   *
   * @throws MissingFlagException if there is none
   */
  static VirtualThreads get() {
    return VirtualThreadsOnExecutors.get();
  }
}
