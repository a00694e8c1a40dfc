package dev.picos.core;

import dev.picos.core.internal.HandlerLookup;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** What {@link HandlerLookupTest} runs in a JVM of its own: prints which handler threads find. */
final class HandlerLookupProgram {
  private static final FiberHandler FOUND = new FiberHandler();
  private static final FiberHandler BOUND = new FiberHandler();
  private static final AtomicReference<Thread> OURS = new AtomicReference<>();
  private static final AtomicInteger ASKED_FOR_PLATFORM = new AtomicInteger();

  private HandlerLookupProgram() {}

  /** A handler that can tell who calls, and nothing else. */
  private static final class FiberHandler extends FailingHandler {
    @Override
    public Fiber current() {
      return fiber;
    }
  }

  private static final class Lookup extends HandlerLookup {
    @Override
    public Handler find(Thread current) {
      if (!current.isVirtual()) {
        ASKED_FOR_PLATFORM.incrementAndGet();
      }
      return current == OURS.get() ? FOUND : null;
    }
  }

  public static void main(String[] arguments) throws InterruptedException {
    HandlerLookup.register(new Lookup());
    Thread ours =
        Thread.ofVirtual()
            .unstarted(
                () -> {
                  System.out.println("ours: " + name(Fiber.current()));
                  Handler.using(
                      BOUND, () -> System.out.println("ours, bound: " + name(Fiber.current())));
                  System.out.println("ours, after: " + name(Fiber.current()));
                });
    OURS.set(ours);
    ours.start();
    ours.join();
    Thread.ofVirtual().start(() -> System.out.println("virtual: " + name(Fiber.current()))).join();
    System.out.println("platform: " + name(Fiber.current()));
    System.out.println("asked for platform threads: " + ASKED_FOR_PLATFORM);
    try {
      HandlerLookup.register(new Lookup());
    } catch (IllegalStateException e) {
      System.out.println("second: refused");
    }
  }

  private static String name(Fiber fiber) {
    return fiber == FOUND.fiber ? "found" : fiber == BOUND.fiber ? "bound" : "thread's own";
  }
}
