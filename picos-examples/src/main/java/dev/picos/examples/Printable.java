package dev.picos.examples;

/**
 * Text that a recording tells, and so anybody may have written, such as the name of a fiber: on one
 * line, without what a terminal would obey, or an XML file could not have.
 */
final class Printable {
  private Printable() {}

  static String of(String text) {
    return text.codePoints()
        .map(point -> isPrintable(point) ? point : '\ufffd')
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /** The same, of {@code most} characters at most; what has been cut off is marked. */
  static String of(String text, int most) {
    String printable = of(text);
    return printable.codePointCount(0, printable.length()) <= most
        ? printable
        : printable.substring(0, printable.offsetByCodePoints(0, most - 1)) + "…";
  }

  private static boolean isPrintable(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
