package dev.picos.domains;

import dev.picos.core.Handler;
import dev.picos.core.internal.HandlerLookup;
import org.jspecify.annotations.Nullable;

/**
 * Finds the {@link Host} of a virtual thread without a thread-local: the host is the thread's
 * scheduler. A thread that was started in a fiber has inherited that scheduler but is not the
 * host's thread.
 */
final class HostLookup extends HandlerLookup {
  private static final VirtualThreads THREADS = VirtualThreads.get();

  static {
    register(new HostLookup());
  }

  private HostLookup() {}

  /** Makes core's operations find hosts, from the first call on. */
  static void ensureRegistered() {
    // The static initialiser has done it.
  }

  @Override
  public @Nullable Handler find(Thread current) {
    return host(current);
  }

  /** Returns the host that a virtual thread is, if it is one. */
  @Nullable Host host(Thread virtualThread) {
    return THREADS.schedulerOf(virtualThread) instanceof Host host && host.thread == virtualThread
        ? host
        : null;
  }
}
