package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.std.channel.Channel;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.OwnLoader;
import dev.picos.testing.Wait;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A web application that used the libraries in the container's threads leaves nothing of it. */
class UndeployTest {
  private static final String KEEP_ALIVE = "picos.keepAliveMillis";

  @ParameterizedTest
  @ValueSource(classes = {Scopes.class, Locks.class, Times.class, Channels.class})
  void threadThatLivesOn(Class<? extends Runnable> program) throws Exception {
    try (ExecutorService container = Executors.newSingleThreadExecutor()) {
      WeakReference<ClassLoader> loader = deployed(container, program);

      Wait.untilCollected(loader, container);

      assertThat(container.submit(() -> "alive").get()).isEqualTo("alive");
    }
  }

  private static WeakReference<ClassLoader> deployed(
      ExecutorService container, Class<? extends Runnable> program) throws Exception {
    System.setProperty(KEEP_ALIVE, "20");
    try {
      OwnLoader loader = new OwnLoader();
      container.submit(loader.load(program)).get();
      return new WeakReference<>(loader);
    } finally {
      System.clearProperty(KEEP_ALIVE);
    }
  }

  /** Forks. */
  public static final class Scopes implements Runnable {
    @Override
    public void run() {
      Bundle.run(bundle -> bundle.forkAsPromise(() -> "value").await());
      Flock.run(() -> Flock.fork(() -> Control.yield()));
      Run.all(List.of(() -> Control.yield(), () -> Control.yield()));
    }
  }

  /** Locks and waits. */
  public static final class Locks implements Runnable {
    @Override
    public void run() {
      Mutex mutex = new Mutex();
      mutex.runLocked(() -> {});
      Semaphore semaphore = new Semaphore(0);
      Bundle.run(
          bundle -> {
            bundle.fork(semaphore::release);
            semaphore.acquire();
          });
    }
  }

  /** Waits for time to pass, and is interrupted. */
  public static final class Times implements Runnable {
    @Override
    public void run() {
      try {
        Control.runWithin(
            Duration.ofMillis(1), () -> Control.runInterruptible(() -> Thread.sleep(10_000)));
      } catch (TimeoutException expected) {
        Control.sleep(Duration.ofMillis(1));
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** Communicates. */
  public static final class Channels implements Runnable {
    @Override
    public void run() {
      Channel<String> channel = Channel.rendezvous();
      Bundle.run(
          bundle -> {
            bundle.fork(() -> channel.send("item"));
            channel.receive();
          });
    }
  }
}
