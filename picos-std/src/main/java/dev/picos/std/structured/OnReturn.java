package dev.picos.std.structured;

/** What becomes of the fibers of a scope when its main body returns. */
public enum OnReturn {
  /** They are waited for. */
  AWAIT,
  /** They are terminated, and then waited for. For fibers that serve the main body only. */
  TERMINATE
}
