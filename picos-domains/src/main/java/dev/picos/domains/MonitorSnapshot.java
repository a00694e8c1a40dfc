package dev.picos.domains;

import java.lang.Thread.State;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which monitors some suspended fibers wait for and own. */
final class MonitorSnapshot {
  // For maintainers.
  //
  // From JDK 25 on, the JVM can take a snapshot of a virtual thread, with its monitors. It does so
  // for its dump of all threads, which cannot be used: the JVM crashes if a virtual thread ends
  // while its snapshot is taken on its carrier. So we ask for one thread at a time, which we keep
  // off every carrier meanwhile, and know nothing of fibers that run or block their carriers.
  //
  // A thread in Object.wait is said to own the monitor that it has given up meanwhile; so a thread
  // does not own what it awaits. Once the JVM has compiled Object.wait it does not tell any more
  // what is awaited there. If the thread seems to own one monitor, it is that one; if there are
  // several, nothing is said about any of them, rather than what may be wrong.

  private static final @Nullable Source SOURCE = Source.open();

  private final Map<Host, Object> awaited = new HashMap<>();
  private final IdentityHashMap<Object, Census.Living> owners = new IdentityHashMap<>();

  /** Takes a snapshot of those of {@code fibers} that are suspended. */
  MonitorSnapshot(List<Census.Living> fibers) {
    if (SOURCE != null) {
      for (Census.Living one : fibers) {
        Host host = one.host;
        if (host != null && host.hold(one.fiber)) {
          try {
            add(one, host, SOURCE);
          } finally {
            host.letGo();
          }
        }
      }
    }
  }

  private void add(Census.Living one, Host host, Source source) {
    View view;
    try {
      view = source.look(host.thread);
    } catch (ReflectiveOperationException | RuntimeException unknown) {
      return;
    }
    Object monitor = view.awaited;
    if (monitor == null && view.isInWait) {
      if (view.owned.size() != 1) {
        return;
      }
      monitor = view.owned.get(0);
    }
    if (monitor != null) {
      awaited.put(host, monitor);
    }
    for (Object each : view.owned) {
      if (each != monitor) {
        owners.put(each, one);
      }
    }
  }

  /** Returns the monitor that the fiber waits to enter, or in {@link Object#wait}, if known. */
  @Nullable Object awaitedBy(Host host) {
    return awaited.get(host);
  }

  /** Returns the fiber that owns the monitor; {@code null} if none is known to do so. */
  Census.@Nullable Living ownerOf(Object monitor) {
    return owners.get(monitor);
  }

  /** What the JVM says of one thread. */
  private record View(@Nullable Object awaited, boolean isInWait, List<Object> owned) {
    static final View NONE = new View(null, false, List.of());
  }

  /** The JDK's snapshots of threads. */
  private static final class Source {
    private final Method of;
    private final Method state;
    private final Method blockedOn;
    private final Method waitingOn;
    private final Method stack;
    private final Method ownedAt;

    private Source() throws ReflectiveOperationException {
      Class<?> snapshot = JdkInternals.type("ThreadSnapshot");
      of = JdkInternals.method(snapshot, "of", Thread.class);
      state = JdkInternals.method(snapshot, "threadState");
      blockedOn = JdkInternals.method(snapshot, "blockedOn");
      waitingOn = JdkInternals.method(snapshot, "waitingOn");
      stack = JdkInternals.method(snapshot, "stackTrace");
      ownedAt = JdkInternals.method(snapshot, "ownedMonitorsAt", int.class);
    }

    /** Returns {@code null} in a JDK that has no such snapshots. */
    static @Nullable Source open() {
      try {
        return new Source();
      } catch (ReflectiveOperationException | RuntimeException absent) {
        return null;
      }
    }

    View look(Thread thread) throws ReflectiveOperationException {
      Object snapshot = of.invoke(null, thread);
      if (snapshot == null) {
        return View.NONE; // it has ended
      }
      StackTraceElement[] frames = (StackTraceElement[]) stack.invoke(snapshot);
      return new View(awaited(snapshot), isInWait(frames), owned(snapshot, frames.length));
    }

    private @Nullable Object awaited(Object snapshot)
        throws IllegalAccessException, InvocationTargetException {
      return switch ((State) state.invoke(snapshot)) {
        case BLOCKED -> blockedOn.invoke(snapshot);
        case WAITING, TIMED_WAITING -> waitingOn.invoke(snapshot);
        default -> null;
      };
    }

    private static boolean isInWait(StackTraceElement[] frames) {
      return frames.length > 0
          && frames[0].getClassName().equals("java.lang.Object")
          && frames[0].getMethodName().startsWith("wait");
    }

    private List<Object> owned(Object snapshot, int frames)
        throws IllegalAccessException, InvocationTargetException {
      List<Object> owned = new ArrayList<>();
      for (int depth = 0; depth < frames; depth++) {
        ((Stream<?>) ownedAt.invoke(snapshot, depth)).forEach(each -> addIfThere(owned, each));
      }
      return owned;
    }

    /** A monitor that the compiler has done away with is {@code null}; nobody waits for it. */
    private static void addIfThere(List<Object> owned, @Nullable Object monitor) {
      if (monitor != null && owned.stream().noneMatch(each -> each == monitor)) {
        owned.add(monitor);
      }
    }
  }
}
