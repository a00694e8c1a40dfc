package dev.picos.domains;

import dev.picos.core.Handler;
import dev.picos.core.internal.HandlerLookup;
import org.jspecify.annotations.Nullable;

/**
 * Finds the {@link Host} of a virtual thread without a thread-local: the host is the thread's
 * scheduler. A thread that was made in a fiber has inherited that scheduler until it is started,
 * but is not the host's thread.
 */
final class HostLookup extends HandlerLookup implements Domain.Lookup {
  private static final VirtualThreads THREADS = VirtualThreads.get();

  static {
    HostLookup lookup = new HostLookup();
    register(lookup);
    Domain.register(lookup);
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

  @Override
  protected void start(Thread thread) {
    Host starter = ofCurrentThread();
    if (starter == null) {
      thread.start();
      return;
    }
    starter.leavesThreads = true;
    try {
      thread.start();
    } finally {
      starter.leavesThreads = false;
    }
  }

  @Override
  public @Nullable Domain domainOf(Thread virtualThread) {
    Host host = host(virtualThread);
    Seat seat = host == null ? null : host.heldSeat();
    return seat == null ? null : seat.domain();
  }

  /** Returns the host that the calling thread is, if it is one. */
  static @Nullable Host ofCurrentThread() {
    Thread current = Thread.currentThread();
    return current.isVirtual() ? host(current) : null;
  }

  /** Returns the host that a virtual thread is, if it is one. */
  static @Nullable Host host(Thread virtualThread) {
    return THREADS.schedulerOf(virtualThread) instanceof Host host && host.thread == virtualThread
        ? host
        : null;
  }
}
