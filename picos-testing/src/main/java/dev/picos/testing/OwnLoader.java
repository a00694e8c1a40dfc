package dev.picos.testing;

import java.io.IOException;
import java.io.InputStream;

/**
 * A class loader that has classes of its own, as that of a web application has: those of Picos, and
 * of the tests. Everything else comes from the JDK.
 */
public final class OwnLoader extends ClassLoader {
  private final ClassLoader source = OwnLoader.class.getClassLoader();

  /** Makes a loader that finds the files of its classes where the tests find them. */
  public OwnLoader() {
    super("own", ClassLoader.getPlatformClassLoader());
  }

  /**
   * Makes an instance of this loader's version of {@code program}, which only the JDK's types
   * connect with the caller.
   */
  public Runnable load(Class<? extends Runnable> program) throws ReflectiveOperationException {
    return loadClass(program.getName()).asSubclass(Runnable.class).getConstructor().newInstance();
  }

  /** The loader of the platform finds the modules of the application, too, and so ours. */
  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith("dev.picos.")) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded == null ? findClass(name) : loaded;
    }
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    String file = name.replace('.', '/') + ".class";
    try (InputStream in = open(name, file)) {
      byte[] code = in.readAllBytes();
      return defineClass(name, code, 0, code.length);
    } catch (IOException | NullPointerException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  /** Classes of modules are found through one of them. */
  private InputStream open(String name, String file) throws ClassNotFoundException {
    return Class.forName(name, false, source).getResourceAsStream("/" + file);
  }
}
