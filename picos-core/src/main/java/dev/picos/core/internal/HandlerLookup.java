package dev.picos.core.internal;

import dev.picos.core.Handler;
import org.jspecify.annotations.Nullable;

/**
 * The way from a virtual thread to the handler of the scheduler that runs it.
 *
 * <p>A thread-local for each fiber would make a parked fiber a quarter bigger, and spawning it
 * would take some ten nanoseconds more. So whoever runs fibers on virtual threads of its own
 * registers a lookup that reads the handler off the thread instead.
 */
public abstract class HandlerLookup {
  // This is written once, before any thread that the lookup could find exists. Such a thread sees
  // it because starting a thread publishes what came before. So plain reads suffice.
  private static @Nullable HandlerLookup registered;

  /** For the one subclass. */
  protected HandlerLookup() {}

  /**
   * Makes {@code lookup} part of every operation that looks for its handler.
   *
   * @throws IllegalStateException if another lookup is registered
   */
  public static synchronized void register(HandlerLookup lookup) {
    if (registered != null) {
      throw new IllegalStateException("a handler lookup is registered already: " + registered);
    }
    registered = lookup;
  }

  /** Returns the registered lookup, or {@code null}. */
  public static @Nullable HandlerLookup registered() {
    return registered;
  }

  /**
   * Starts a virtual thread that is a fiber of another scheduler already, so that whoever schedules
   * the caller must not take it for a fiber of its own.
   */
  public static void startElsewhere(Thread thread) {
    HandlerLookup lookup = registered;
    if (lookup == null || !Thread.currentThread().isVirtual()) {
      thread.start();
    } else {
      lookup.start(thread);
    }
  }

  /** Starts {@code thread}, which the calling virtual thread has made, on the JDK's scheduler. */
  protected void start(Thread thread) {
    thread.start();
  }

  /**
   * Returns the handler of the fiber that runs on {@code current}, the calling virtual thread, or
   * {@code null} when this lookup knows nothing of that thread. Must not suspend and must not
   * throw.
   */
  public abstract @Nullable Handler find(Thread current);
}
