package dev.picos.tests.redeploy;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.core.Trigger;
import dev.picos.domains.DeadlockException;
import dev.picos.domains.Service;
import dev.picos.domains.UnfinishedRunException;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.sync.Mutex;
import java.time.Duration;
import java.util.List;

/** An application that uses everything once, and closes what has to be closed. */
public final class Application implements Runnable {
  private static final ThreadLocal<Object> LOCAL = new ThreadLocal<>();

  @Override
  public void run() {
    List<Scheduler> schedulers =
        List.of(
            ThreadScheduler.create(),
            FifoScheduler.create(),
            MultiFifoScheduler.create(),
            RandosScheduler.create(),
            RandosScheduler.builder().virtualTime(true).build());
    for (Scheduler each : schedulers) {
      each.run(Application::work);
    }
    work();
    failure(FifoScheduler.create());
    failure(MultiFifoScheduler.create());
    deadlock();
    timeout();
    serve(FifoScheduler.create().start());
    serve(MultiFifoScheduler.create().start());
  }

  /** Locks, waits, sleeps and forks, in whatever thread or fiber this is called. */
  private static void work() {
    Mutex mutex = new Mutex();
    Channel<Integer> channel = Channel.rendezvous();
    Bundle.run(
        bundle -> {
          for (int i = 0; i < 10; i++) {
            int item = i;
            bundle.fork(
                () -> {
                  LOCAL.set(new Application());
                  Thread.currentThread().setName("worker");
                  mutex.runLocked(() -> Control.sleep(Duration.ofMillis(1)));
                  channel.send(item);
                });
          }
          for (int i = 0; i < 10; i++) {
            int unused = Event.select(channel.receiveEvent());
          }
        });
    Computation<Object> hour = new Computation<>();
    hour.cancelAfter(Duration.ofHours(1), new Exception("an hour has passed"));
    hour.tryReturn("done");
  }

  private static void failure(Scheduler scheduler) {
    try {
      scheduler.run(
          () -> {
            for (int i = 0; i < 100; i++) {
              Fiber.spawn(
                  new Fiber(new Computation<>()),
                  self -> {
                    Throwable unused = new Trigger().await();
                  });
            }
            Fiber.yield();
            Fiber.spawn(
                new Fiber(new Computation<>()),
                self -> {
                  throw new IllegalStateException("leaves main");
                });
          });
    } catch (FatalFiberError expected) {
      return;
    }
    throw new AssertionError("no failure");
  }

  private static void deadlock() {
    try {
      RandosScheduler.builder().closedWorld(true).build().run(() -> new Computation<>().join());
    } catch (DeadlockException expected) {
      return;
    }
    throw new AssertionError("no deadlock");
  }

  private static void timeout() {
    try {
      FifoScheduler.builder()
          .runTimeout(Duration.ofMillis(1))
          .build()
          .run(() -> new Computation<>().join());
    } catch (UnfinishedRunException expected) {
      return;
    }
    throw new AssertionError("no timeout");
  }

  private static void serve(Service service) {
    Computation<Integer> answer = service.submit(() -> 6 * 7);
    int unused = answer.await();
    service.execute(Application::work);
    service.close();
  }
}
