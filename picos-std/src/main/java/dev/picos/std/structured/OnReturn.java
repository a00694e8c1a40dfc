package dev.picos.std.structured;

/** What happens to the fibers of a scope when its main body returns. */
public enum OnReturn {
  /** The scope waits for them. */
  AWAIT,
  /**
   * The scope terminates them, and then waits for them. For fibers that only serve the main body.
   */
  TERMINATE
}
