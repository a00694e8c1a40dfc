package dev.picos.tests.redeploy;

import java.io.File;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Loads an application, runs it and drops it, again and again, in one thread that lives on; then
 * says what is left. The libraries belong to the application, or to all of them.
 */
final class Server {
  private static final boolean SHARES = Boolean.getBoolean("picos.tests.shared");
  private static final int DEPLOYMENTS = SHARES ? 5 : 100;
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

  private Server() {}

  public static void main(String[] args) throws Exception {
    List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
    for (int i = 0; i < DEPLOYMENTS; i++) {
      loaders.add(deployAndUndeploy());
    }
    long start = System.nanoTime();
    while (countLeft(loaders) + countThreads() > 0 && System.nanoTime() - start < PATIENCE) {
      System.gc();
      LockSupport.parkNanos(10_000_000);
    }
    System.out.printf("loaders: %d, threads: %d%n", countLeft(loaders), countThreads());
  }

  private static WeakReference<ClassLoader> deployAndUndeploy() throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader = new Loader()) {
      thread.setContextClassLoader(loader);
      ((Runnable) loader.loadClass(Loader.APPLICATION).getConstructor().newInstance()).run();
      return new WeakReference<>(loader);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Has the application, and what belongs to it. */
  private static final class Loader extends URLClassLoader {
    static final String APPLICATION = "dev.picos.tests.redeploy.Application";

    Loader() throws MalformedURLException {
      super(
          libraries(),
          SHARES ? Server.class.getClassLoader() : ClassLoader.getPlatformClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      Class<?> loaded = findLoadedClass(name);
      return loaded == null && name.equals(APPLICATION)
          ? findClass(name)
          : super.loadClass(name, resolve);
    }
  }

  private static URL[] libraries() throws MalformedURLException {
    List<URL> libraries = new ArrayList<>();
    for (String each : System.getProperty("java.class.path").split(File.pathSeparator)) {
      libraries.add(Path.of(each).toUri().toURL());
    }
    return libraries.toArray(URL[]::new);
  }

  private static long countLeft(List<WeakReference<ClassLoader>> loaders) {
    return loaders.stream().filter(loader -> loader.get() != null).count();
  }

  /** Threads that belong to no application stay. */
  private static long countThreads() {
    if (SHARES) {
      return 0;
    }
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("picos-"))
        .count();
  }
}
