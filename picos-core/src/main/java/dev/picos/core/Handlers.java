package dev.picos.core;

import dev.picos.core.internal.HandlerLookup;
import dev.picos.core.internal.Headroom;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The way from the calling thread to its handler, which is on the path of every operation. */
final class Handlers {
  // Bindings live in a map by thread, and not in a thread-local: asking a thread-local leaves a map
  // behind in every thread that asks. The map is consulted only while there are bindings at all.
  // That count may be read in any stale version: a thread always sees the increment that it made
  // itself, and other threads' bindings do not concern it.
  private static final AtomicInteger BINDINGS = new AtomicInteger();
  private static final ConcurrentHashMap<Thread, Handler> BOUND = new ConcurrentHashMap<>();

  private Handlers() {}

  static Handler current() {
    Thread thread = Thread.currentThread();
    if (BINDINGS.getPlain() != 0) {
      Handler bound = BOUND.get(thread);
      if (bound != null) {
        return bound;
      }
    }
    if (thread.isVirtual()) {
      HandlerLookup lookup = HandlerLookup.registered();
      if (lookup != null) {
        Handler found = lookup.find(thread);
        if (found != null) {
          return found;
        }
      }
    }
    return ThreadHandler.ofCurrentThread();
  }

  static <E extends Exception> void using(Handler handler, Block<E> body) throws E {
    Objects.requireNonNull(handler, "handler");
    Headroom.requireForScope(); // or the handler might stay bound
    Thread thread = Thread.currentThread();
    BINDINGS.getAndIncrement();
    Handler before = BOUND.put(thread, handler);
    try {
      body.run();
    } finally {
      restore(thread, before);
      BINDINGS.getAndDecrement();
    }
  }

  private static void restore(Thread thread, @Nullable Handler before) {
    if (before == null) {
      BOUND.remove(thread);
    } else {
      BOUND.put(thread, before);
    }
  }
}
