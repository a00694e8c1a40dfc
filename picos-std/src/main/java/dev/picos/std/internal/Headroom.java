package dev.picos.std.internal;

/**
 * Stack for putting things in order, to be asked for before they are put in disorder: a body that
 * overflows the stack is cleaned up after with what was there when it was called.
 */
public final class Headroom {
  // For maintainers.
  //
  // The virtual machine tells of a lack of stack only when it is there, so this goes and looks.
  // What
  // it makes room for is the way from the completion of a computation to a scheduler and to the
  // thread of a fiber: some forty frames, which are big when they are interpreted, whereas those of
  // this method may be compiled and small; hence the number, with half of which completions still
  // failed now and then. It takes about a microsecond: not for what is done all the time.

  private static final int FRAMES = 1024;

  private Headroom() {}

  /** Throws {@link StackOverflowError} now if it is near. */
  public static void require() {
    require(FRAMES);
  }

  private static void require(int frames) {
    if (frames > 0) {
      require(frames - 1);
    }
  }
}
