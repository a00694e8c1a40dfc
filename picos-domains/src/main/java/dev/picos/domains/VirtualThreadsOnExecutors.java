package dev.picos.domains;

import static java.lang.invoke.MethodType.methodType;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Virtual threads on executors of ours, by way of a constructor and some fields that JDK 21 to 25
 * keep for themselves in {@code java.lang}.
 *
 * <p>The method handles are static finals, so that compiled code uses them like plain field
 * accesses.
 */
final class VirtualThreadsOnExecutors implements VirtualThreads {
  private static final MethodHandle NEW_BUILDER;
  private static final MethodHandle SCHEDULER;
  private static final MethodHandle SET_SCHEDULER;
  private static final MethodHandle THREAD_OF_SLICE;
  private static final @Nullable Class<?> SLICE;
  private static final MethodHandle THREAD_LOCALS;
  private static final MethodHandle SET_THREAD_LOCALS;
  private static final MethodHandle INHERITABLE_THREAD_LOCALS;
  private static final MethodHandle SET_INHERITABLE_THREAD_LOCALS;
  private static final MethodHandle OPEN_SCOPES;
  private static final MethodHandle CONTEXT_CLASS_LOADER;
  private static final MethodHandle UNCAUGHT_EXCEPTION_HANDLER;
  private static final MethodHandle PARK_PERMIT;
  private static final MethodHandle SET_PARK_PERMIT;
  private static final MethodHandle PARK_ON_CARRIER;
  private static final Executor DEFAULT_SCHEDULER;
  private static final @Nullable Throwable UNSUPPORTED;

  static {
    Access access = new Access();
    try {
      access.open();
    } catch (Throwable t) {
      access.failure = t;
    }
    NEW_BUILDER = access.newBuilder;
    SCHEDULER = access.scheduler;
    SET_SCHEDULER = access.setScheduler;
    THREAD_OF_SLICE = access.threadOfSlice;
    SLICE = access.slice;
    THREAD_LOCALS = access.threadLocals;
    SET_THREAD_LOCALS = access.setThreadLocals;
    INHERITABLE_THREAD_LOCALS = access.inheritableThreadLocals;
    SET_INHERITABLE_THREAD_LOCALS = access.setInheritableThreadLocals;
    OPEN_SCOPES = access.openScopes;
    CONTEXT_CLASS_LOADER = access.contextClassLoader;
    UNCAUGHT_EXCEPTION_HANDLER = access.uncaughtExceptionHandler;
    PARK_PERMIT = access.parkPermit;
    SET_PARK_PERMIT = access.setParkPermit;
    PARK_ON_CARRIER = access.parkOnCarrier;
    DEFAULT_SCHEDULER = access.defaultScheduler;
    UNSUPPORTED = access.failure;
  }

  private static final VirtualThreadsOnExecutors INSTANCE = new VirtualThreadsOnExecutors();

  private VirtualThreadsOnExecutors() {}

  static VirtualThreads get() {
    if (UNSUPPORTED != null) {
      throw refusal(UNSUPPORTED);
    }
    return INSTANCE;
  }

  /** Says what is missing: the flag, or if that is set, something that no flag can give. */
  static IllegalStateException refusal(Throwable failure) {
    Module ours = VirtualThreadsOnExecutors.class.getModule();
    return Object.class.getModule().isOpen("java.lang", ours)
        ? new UnsupportedJvmException(failure)
        : new MissingFlagException(failure);
  }

  @Override
  public Thread.Builder.OfVirtual builder(Executor scheduler) {
    try {
      return (Thread.Builder.OfVirtual) NEW_BUILDER.invokeExact(scheduler);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public @Nullable Executor schedulerOf(Thread virtualThread) {
    try {
      return (Executor) SCHEDULER.invokeExact(virtualThread);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public @Nullable Thread threadOf(Runnable slice) {
    if (slice.getClass() != SLICE) {
      return null;
    }
    try {
      return (Thread) THREAD_OF_SLICE.invokeExact(slice);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public void setScheduler(Thread virtualThread, Executor scheduler) {
    try {
      SET_SCHEDULER.invokeExact(virtualThread, scheduler);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public Executor defaultScheduler() {
    return DEFAULT_SCHEDULER;
  }

  @Override
  public void setContextClassLoader(Thread current, @Nullable ClassLoader loader) {
    try {
      if ((ClassLoader) CONTEXT_CLASS_LOADER.invokeExact(current) != loader) {
        current.setContextClassLoader(loader);
      }
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public boolean hasOpenScopes(Thread current) {
    try {
      return (Object) OPEN_SCOPES.invokeExact(current) != null;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public void reset(Thread current) {
    try {
      if ((Object) THREAD_LOCALS.invokeExact(current) != null) {
        SET_THREAD_LOCALS.invokeExact(current, (Object) null);
      }
      if ((Object) INHERITABLE_THREAD_LOCALS.invokeExact(current) != null) {
        SET_INHERITABLE_THREAD_LOCALS.invokeExact(current, (Object) null);
      }
      if ((Object) UNCAUGHT_EXCEPTION_HANDLER.invokeExact(current) != null) {
        current.setUncaughtExceptionHandler(null);
      }
      if (!current.getName().isEmpty()) {
        current.setName("");
      }
      if (current.isInterrupted()) {
        boolean unused = Thread.interrupted();
      }
      if ((boolean) PARK_PERMIT.invokeExact(current)) { // an interrupt leaves one, too
        SET_PARK_PERMIT.invokeExact(current, false);
      }
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * Resets the calling virtual thread after it has left all there is to remove: what is used for
   * the first time takes memory, of which there may be none later.
   */
  private static void rehearse() {
    if (UNSUPPORTED == null) {
      Thread current = Thread.currentThread();
      new ThreadLocal<String>().set("");
      new InheritableThreadLocal<String>().set("");
      current.setUncaughtExceptionHandler((thread, thrown) -> {});
      current.setName("rehearsal");
      current.interrupt();
      INSTANCE.reset(current);
    }
  }

  @Override
  public void parkOnCarrier(Thread current, Object blocker) {
    try {
      LockSupport.setCurrentBlocker(blocker);
      PARK_ON_CARRIER.invokeExact(current, false, 0L);
      LockSupport.setCurrentBlocker(null);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public void abandon(Predicate<? super Thread> neverRunAgain) {
    ThreadTable.remove(neverRunAgain);
  }

  private static RuntimeException unexpected(Throwable t) {
    if (t instanceof Error error) {
      throw error; // such as OutOfMemoryError
    }
    return t instanceof RuntimeException e ? e : new IllegalStateException(t);
  }

  /**
   * Looks everything up once. If something cannot be had, that leaves a failure and harmless
   * stand-ins.
   */
  private static final class Access {
    MethodHandle newBuilder = MethodHandles.constant(Object.class, null);
    MethodHandle scheduler = newBuilder;
    MethodHandle setScheduler = newBuilder;
    MethodHandle threadOfSlice = newBuilder;
    @Nullable Class<?> slice;
    MethodHandle threadLocals = newBuilder;
    MethodHandle setThreadLocals = newBuilder;
    MethodHandle inheritableThreadLocals = newBuilder;
    MethodHandle setInheritableThreadLocals = newBuilder;
    MethodHandle openScopes = newBuilder;
    MethodHandle contextClassLoader = newBuilder;
    MethodHandle uncaughtExceptionHandler = newBuilder;
    MethodHandle parkPermit = newBuilder;
    MethodHandle setParkPermit = newBuilder;
    MethodHandle parkOnCarrier =
        MethodHandles.empty(methodType(void.class, Thread.class, boolean.class, long.class));
    Executor defaultScheduler = Runnable::run;
    @Nullable Throwable failure;

    void open() throws ReflectiveOperationException {
      Constructor<?> constructor =
          Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
              .getDeclaredConstructor(Executor.class);
      constructor.setAccessible(true);
      newBuilder =
          MethodHandles.lookup()
              .unreflectConstructor(constructor)
              .asType(methodType(Thread.Builder.OfVirtual.class, Executor.class));

      Class<?> virtualThread = Class.forName("java.lang.VirtualThread");
      Class<?> map = Class.forName("java.lang.ThreadLocal$ThreadLocalMap");
      MethodHandles.Lookup inVirtualThread =
          MethodHandles.privateLookupIn(virtualThread, MethodHandles.lookup());
      MethodHandles.Lookup inThread =
          MethodHandles.privateLookupIn(Thread.class, MethodHandles.lookup());
      scheduler =
          inVirtualThread
              .findGetter(virtualThread, "scheduler", Executor.class)
              .asType(methodType(Executor.class, Thread.class));
      Field ownScheduler = virtualThread.getDeclaredField("scheduler");
      ownScheduler.setAccessible(true); // to write it, though it is final
      setScheduler =
          MethodHandles.lookup()
              .unreflectSetter(ownScheduler)
              .asType(methodType(void.class, Thread.class, Executor.class));
      threadLocals = getter(inThread, "threadLocals", map, Object.class);
      setThreadLocals = setter(inThread, "threadLocals", map);
      inheritableThreadLocals = getter(inThread, "inheritableThreadLocals", map, Object.class);
      setInheritableThreadLocals = setter(inThread, "inheritableThreadLocals", map);
      Field scopes = Thread.class.getDeclaredField("headStackableScopes"); // of a hidden type
      scopes.setAccessible(true);
      openScopes =
          MethodHandles.lookup()
              .unreflectGetter(scopes)
              .asType(methodType(Object.class, Thread.class));
      contextClassLoader =
          getter(inThread, "contextClassLoader", ClassLoader.class, ClassLoader.class);
      uncaughtExceptionHandler =
          getter(
              inThread,
              "uncaughtExceptionHandler",
              Thread.UncaughtExceptionHandler.class,
              Object.class);
      parkPermit =
          inVirtualThread
              .findGetter(virtualThread, "parkPermit", boolean.class)
              .asType(methodType(boolean.class, Thread.class));
      setParkPermit =
          inVirtualThread
              .findSetter(virtualThread, "parkPermit", boolean.class)
              .asType(methodType(void.class, Thread.class, boolean.class));
      parkOnCarrier =
          inVirtualThread
              .findVirtual(
                  virtualThread,
                  "parkOnCarrierThread",
                  methodType(void.class, boolean.class, long.class))
              .asType(methodType(void.class, Thread.class, boolean.class, long.class));
      defaultScheduler =
          (Executor)
              inVirtualThread
                  .findStaticVarHandle(
                      virtualThread, "DEFAULT_SCHEDULER", java.util.concurrent.ForkJoinPool.class)
                  .get();
      tryOut();
    }

    private static MethodHandle getter(
        MethodHandles.Lookup lookup, String field, Class<?> type, Class<?> as)
        throws ReflectiveOperationException {
      return lookup.findGetter(Thread.class, field, type).asType(methodType(as, Thread.class));
    }

    private static MethodHandle setter(MethodHandles.Lookup lookup, String field, Class<?> type)
        throws ReflectiveOperationException {
      return lookup
          .findSetter(Thread.class, field, type)
          .asType(methodType(void.class, Thread.class, Object.class));
    }

    /**
     * Finds out how to get from a slice to its thread. All slices are of one class, a lambda of the
     * JDK's that has captured the thread. Where they are not, {@link #threadOf} knows no thread.
     */
    private void learnSlice(Runnable first, Thread thread) {
      try {
        for (Field captured : first.getClass().getDeclaredFields()) {
          captured.setAccessible(true);
          if (captured.get(first) == thread) {
            threadOfSlice =
                MethodHandles.lookup()
                    .unreflectGetter(captured)
                    .asType(methodType(Thread.class, Runnable.class));
            slice = first.getClass();
          }
        }
      } catch (ReflectiveOperationException | RuntimeException unknown) {
        // as was said
      }
    }

    /** A JDK in which all of this is there but means something else must not be used either. */
    private void tryOut() throws ReflectiveOperationException {
      List<Runnable> slices = new ArrayList<>();
      Executor executor = slices::add;
      Thread thread;
      boolean leads;
      try {
        thread =
            ((Thread.Builder.OfVirtual) newBuilder.invokeExact(executor))
                .unstarted(VirtualThreadsOnExecutors::rehearse);
        leads = (Executor) scheduler.invokeExact(thread) == executor;
      } catch (Throwable t) {
        throw new ReflectiveOperationException(t);
      }
      thread.start();
      slices.forEach(first -> learnSlice(first, thread));
      // The slice itself needs a platform thread, which the caller may not be: the default
      // scheduler has some.
      try {
        slices.forEach(defaultScheduler::execute);
      } catch (OutOfMemoryError noThread) {
        // The JVM does what is needed all the same.
      }
      if (!leads || slices.size() != 1) {
        throw new ReflectiveOperationException(
            "a virtual thread did not come to the executor that it was made with");
      }
    }
  }
}
