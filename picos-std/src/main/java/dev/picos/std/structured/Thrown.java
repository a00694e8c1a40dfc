package dev.picos.std.structured;

/** Throws exceptions on as they are, whether or not the compiler knows their types. */
final class Thrown {
  private Thrown() {}

  /** Throws {@code thrown}, which is an {@code E} or unchecked. */
  @SuppressWarnings("unchecked")
  static <E extends Throwable> RuntimeException unchanged(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
