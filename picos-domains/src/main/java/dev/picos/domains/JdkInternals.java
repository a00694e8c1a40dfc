package dev.picos.domains;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Method;

/**
 * Classes of the JDK about threads that are in a package of java.base that nobody opens. Fibers run
 * without them; where the JDK has others, something less can be said or cleaned up.
 */
final class JdkInternals {
  // For maintainers.
  //
  // What opens packages is in java.lang, and that package is open to us, or there would be no
  // fibers.

  private static final String PACKAGE = "jdk.internal.vm";

  private JdkInternals() {}

  /** Returns the class of that name in the package. */
  static Class<?> type(String name) throws ReflectiveOperationException {
    accessible(Module.class.getDeclaredMethod("implAddOpens", String.class, Module.class))
        .invoke(Object.class.getModule(), PACKAGE, JdkInternals.class.getModule());
    return Class.forName(PACKAGE + "." + name);
  }

  /** Returns a method of a class in the package. */
  static Method method(Class<?> type, String name, Class<?>... parameters)
      throws ReflectiveOperationException {
    return accessible(type.getDeclaredMethod(name, parameters));
  }

  private static <T extends AccessibleObject> T accessible(T member) {
    member.setAccessible(true);
    return member;
  }
}
