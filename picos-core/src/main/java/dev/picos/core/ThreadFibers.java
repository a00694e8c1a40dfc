package dev.picos.core;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The way from a thread to its {@link ThreadHandler}, as long as the thread lives.
 *
 * <p>A thread may outlive the program: a container lends one to many web applications, each of
 * which brings our classes in a class loader of its own. So a thread keeps nothing that is of our
 * classes.
 */
final class ThreadFibers {
  // For maintainers.
  //
  // A thread has a thread-local reference to its handler, which is an object of the JDK, and weak.
  // What keeps the handler is a map in a static field, and hence our class loader; or, in the
  // thread of a run, the stack. The map does not keep the thread, so a handler must not, either. If
  // it does all the same, say by a fiber-local, both are kept until our class loader goes.
  //
  // The entry of a thread that has ended goes with the next one that comes.

  private static final ThreadLocal<@Nullable Reference<ThreadHandler>> CURRENT =
      new ThreadLocal<>();

  private static final ConcurrentHashMap<Key, ThreadHandler> KEPT = new ConcurrentHashMap<>();
  private static final ReferenceQueue<Thread> ENDED = new ReferenceQueue<>();

  static {
    // To find a handler that is there takes no memory, and to load this for it would.
    Class<?> unused = Reference.class;
  }

  private ThreadFibers() {}

  private static final class Key extends WeakReference<Thread> {
    Key(Thread thread) {
      super(thread, ENDED);
    }
  }

  /** Returns the handler of the calling thread, which becomes a fiber if it has not been one. */
  static ThreadHandler current() {
    Reference<ThreadHandler> reference = CURRENT.get();
    ThreadHandler handler = reference == null ? null : reference.get();
    return handler == null ? newHandler() : handler;
  }

  private static ThreadHandler newHandler() {
    for (Reference<?> ended = ENDED.poll(); ended != null; ended = ENDED.poll()) {
      KEPT.remove(ended);
    }
    ThreadHandler handler = new ThreadHandler(new Fiber(new Computation<>()), null);
    Key key = new Key(Thread.currentThread());
    set(handler);
    boolean isKept = false;
    try {
      KEPT.put(key, handler);
      isKept = true;
    } finally {
      if (!isKept) {
        CURRENT.remove();
      }
    }
    return handler;
  }

  /** Sets the handler of the calling thread. The caller keeps it as long as the thread lives. */
  static void set(ThreadHandler handler) {
    CURRENT.set(new WeakReference<>(handler));
  }

  /** How many handlers are kept, also of threads that have ended; for tests of space. */
  static int kept() {
    return KEPT.size();
  }
}
