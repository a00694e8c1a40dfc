package dev.picos.testing;

import org.jspecify.annotations.Nullable;

/**
 * Fills the heap to the last bit, for tests of what must go on without memory.
 *
 * <p>For programs that run in a small JVM of their own; see {@link Fork}. One thread fills at a
 * time, and any thread may give back. Only those that fill allocate: the other methods may be
 * called while there is no memory.
 */
public final class FullHeap {
  private static final int LARGEST = 1 << 18;
  private static final int SMALLEST = 1 << 8;

  /** Arrays that take the most of the heap, the latest; the first element of each is the next. */
  private static volatile @Nullable Object most;

  /** The smallest objects that there are, which take what is left. */
  private static volatile @Nullable Link rest = new Link(null); // which loads the class

  private record Link(@Nullable Link next) {}

  private FullHeap() {}

  /** Leaves no memory for a single object more. */
  public static void fill() {
    for (int size = LARGEST; size >= SMALLEST; ) {
      try {
        @Nullable Object[] more = new @Nullable Object[size];
        more[0] = most;
        most = more;
      } catch (OutOfMemoryError full) {
        size >>= 1;
      }
    }
    fillAgain();
  }

  /** Takes also what others have released since the heap was full. */
  public static void fillAgain() {
    try {
      for (; ; ) {
        rest = new Link(rest);
      }
    } catch (OutOfMemoryError full) {
      // as was wanted
    }
  }

  /** Gives a little back: the smallest objects, and one of the arrays, if there are any. */
  public static void releaseSome() {
    rest = null;
    if (most instanceof Object[] latest) {
      most = latest[0];
    }
  }

  /** Gives everything back. */
  public static void release() {
    most = null;
    rest = null;
  }
}
