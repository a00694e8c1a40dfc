package dev.picos.domains;

/** Numbers that the user sets as system properties. */
final class Property {
  private Property() {}

  static int positive(String name, int otherwise, String unit) {
    return atLeast(1, name, otherwise, "a positive number of " + unit);
  }

  static int nonNegative(String name, int otherwise, String unit) {
    return atLeast(0, name, otherwise, "a number of " + unit + ", which may be 0");
  }

  private static int atLeast(int least, String name, int otherwise, String what) {
    String property = System.getProperty(name);
    if (property == null) {
      return otherwise;
    }
    try {
      int value = Integer.parseInt(property);
      if (value >= least) {
        return value;
      }
    } catch (NumberFormatException e) {
      // reported below
    }
    throw new IllegalArgumentException("-D" + name + " must be " + what + ": " + property);
  }
}
