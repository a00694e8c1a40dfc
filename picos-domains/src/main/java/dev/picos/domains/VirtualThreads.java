package dev.picos.domains;

import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What we need of the JVM to run virtual threads as we like. This is the only place that knows how
 * to do so; a second mechanism, such as the scheduler interface that the JDK is to have, would be a
 * second implementation.
 */
interface VirtualThreads {
  /**
   * Starts to make a virtual thread whose slices are handed to {@code scheduler}, always as the
   * same {@link Runnable}, for it to run on a platform thread.
   */
  Thread.Builder.OfVirtual builder(Executor scheduler);

  /**
   * Returns the scheduler of a virtual thread: what {@link #builder} or {@link #setScheduler} was
   * given, or the one that the thread has inherited.
   */
  @Nullable Executor schedulerOf(Thread virtualThread);

  /**
   * Returns the virtual thread that has handed {@code slice} to its scheduler, or {@code null} if
   * this JVM does not tell.
   */
  @Nullable Thread threadOf(Runnable slice);

  /**
   * Gives a virtual thread another scheduler, from its next slice on. Called by a scheduler with a
   * thread that {@link #threadOf} has returned, when the thread hands it its first slice.
   */
  void setScheduler(Thread virtualThread, Executor scheduler);

  /** Returns the scheduler that virtual threads have by default. */
  Executor defaultScheduler();

  /**
   * Sets the context class loader of the calling virtual thread. This is cheap if it is that
   * already.
   */
  void setContextClassLoader(Thread current, @Nullable ClassLoader loader);

  /**
   * Whether something is open on the calling virtual thread that the JDK closes when the thread
   * ends, such as a {@code StructuredTaskScope}.
   */
  boolean hasOpenScopes(Thread current);

  /**
   * Removes what a fiber may have left on the calling virtual thread: thread locals, interrupt
   * status, the permit of an unpark, name and uncaught-exception handler. This is cheap if there is
   * nothing to remove.
   */
  void reset(Thread current);

  /**
   * Parks the calling virtual thread without taking it off its carrier; like any {@code park}, this
   * may return for no reason. It is for a thread that the JVM has no stack or memory to take off.
   */
  void parkOnCarrier(Thread current, Object blocker);

  /**
   * Lets those virtual threads be collected that {@code neverRunAgain} holds for, if the JVM allows
   * that; they do not show in dumps any more. Called in a platform thread.
   */
  void abandon(Predicate<? super Thread> neverRunAgain);

  /**
   * Returns the mechanism of this JVM.
   *
   * @throws MissingFlagException if there is one that a flag would give
   * @throws UnsupportedJvmException if there is none
   */
  static VirtualThreads get() {
    return VirtualThreadsOnExecutors.get();
  }
}
