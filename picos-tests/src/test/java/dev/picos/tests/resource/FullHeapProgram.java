package dev.picos.tests.resource;

import dev.picos.std.resource.Closing;
import dev.picos.std.resource.Owned;
import dev.picos.std.resource.Using;
import dev.picos.testing.FullHeap;

/** What {@link FullHeapTest} runs in JVMs of its own: releases a resource in a full heap. */
final class FullHeapProgram {
  private static final RuntimeException EXPECTED = new RuntimeException("expected");

  private static int released;

  private FullHeapProgram() {}

  public static void main(String[] arguments) {
    // The first time loads and links what will be needed, which takes memory.
    run(false);
    released = 0;
    Throwable thrown = run(true);
    System.out.println("threw " + thrown.getMessage() + ", released " + released);
  }

  private static Throwable run(boolean full) {
    try {
      switch (System.getProperty("picos.program")) {
        case "using" -> Using.run(Object::new, FullHeapProgram::release, resource -> work(full));
        case "closing" -> {
          try (var closing = Closing.acquire(Object::new, FullHeapProgram::release)) {
            closing.get();
            work(full);
          }
        }
        case "owned" -> Owned.run(Object::new, FullHeapProgram::release, owned -> work(full));
        case "dropped" ->
            Owned.run(
                Object::new,
                FullHeapProgram::release,
                owned -> {
                  try (owned) {
                    work(full);
                  }
                });
        case "borrowed" ->
            Owned.run(
                Object::new,
                FullHeapProgram::release,
                owned -> owned.runBorrowed(resource -> work(full)));
        case "moved" ->
            Owned.run(
                Object::new,
                FullHeapProgram::release,
                owned -> owned.runMoved(resource -> work(full)));
        default -> throw new IllegalArgumentException();
      }
      throw new AssertionError();
    } catch (Throwable thrown) {
      return thrown;
    } finally {
      FullHeap.release();
    }
  }

  private static void release(Object resource) {
    released++;
  }

  private static void work(boolean full) {
    if (full) {
      FullHeap.fill();
    }
    throw EXPECTED;
  }
}
