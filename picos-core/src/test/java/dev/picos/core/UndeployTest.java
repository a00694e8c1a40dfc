package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.testing.OwnLoader;
import dev.picos.testing.Wait;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A container that undeploys a web application is left with nothing of it, in no thread. */
class UndeployTest {
  private static final String KEEP_ALIVE = "picos.keepAliveMillis";

  @ParameterizedTest
  @ValueSource(
      classes = {
        Current.class,
        Await.class,
        Spawns.class,
        Sleeps.class,
        Runs.class,
        Binds.class,
        Locals.class
      })
  void threadThatLivesOn(Class<? extends Runnable> program) throws Exception {
    // a thread of the container, which has been a fiber, keeps no class of ours; nor does the timer
    try (ExecutorService container = Executors.newSingleThreadExecutor()) {
      WeakReference<ClassLoader> loader = deployed(container, program);

      Wait.untilCollected(loader, container);

      String alive = CompletableFuture.supplyAsync(() -> "alive", container).get();
      assertThat(alive).isEqualTo("alive");
    }
  }

  private static WeakReference<ClassLoader> deployed(
      ExecutorService container, Class<? extends Runnable> program) throws Exception {
    System.setProperty(KEEP_ALIVE, "20");
    try {
      OwnLoader loader = new OwnLoader();
      Runnable application = loader.load(program);
      assertThat(application.getClass()).isNotSameAs(program);
      container.submit(application).get();
      return new WeakReference<>(loader);
    } finally {
      System.clearProperty(KEEP_ALIVE);
    }
  }

  /** Asks for its fiber. */
  public static final class Current implements Runnable {
    @Override
    public void run() {
      Fiber fiber = Fiber.current();
      System.gc();
      if (fiber != Fiber.current()) {
        throw new AssertionError();
      }
    }
  }

  /** Awaits what a fiber signals. */
  public static final class Await implements Runnable {
    @Override
    public void run() {
      Trigger trigger = new Trigger();
      Fiber.spawn(new Fiber(new Computation<>()), fiber -> trigger.signal());
      if (trigger.await() != null) {
        throw new AssertionError();
      }
    }
  }

  /** Spawns a fiber that ends by itself. */
  public static final class Spawns implements Runnable {
    @Override
    public void run() {
      Fiber.spawn(new Fiber(new Computation<>()), fiber -> Fiber.yield());
    }
  }

  /** Sets a timeout, and so starts the timer's thread. */
  public static final class Sleeps implements Runnable {
    @Override
    public void run() {
      Fiber.sleep(Duration.ofMillis(1));
    }
  }

  /** Runs a scheduler. */
  public static final class Runs implements Runnable {
    @Override
    public void run() {
      ThreadScheduler.create().run(() -> Fiber.sleep(Duration.ofMillis(1)));
    }
  }

  /** Has a handler of its own. */
  public static final class Binds implements Runnable {
    @Override
    public void run() {
      Handler.using(Handler.ofCurrentThread(), () -> Fiber.yield());
    }
  }

  /** Leaves something behind in its fiber. */
  public static final class Locals implements Runnable {
    private static final FiberLocal<Object> LOCAL = new FiberLocal<>();

    @Override
    public void run() {
      LOCAL.set(Fiber.current(), this);
      System.gc();
      if (LOCAL.get(Fiber.current()) != this) {
        throw new AssertionError("the fiber of a thread has been lost");
      }
    }
  }
}
