package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.testing.FullHeap;
import dev.picos.testing.Wait;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** What {@link FullHeapTest} runs in JVMs of its own: this and that while the heap is full. */
final class FullHeapProgram {
  private static final int MANY = 20_000; // a full heap may have room for some
  private static final int TIMEOUTS = 1_000;
  private static final int ALARMS = 100;
  private static final int CHILDREN = 100;
  private static final int RUNS = 4;
  private static final long SECOND = 1_000_000_000L;
  private static final Throwable REASON = new Throwable("reason", null, false, false) {};

  private static volatile boolean entered;
  private static volatile boolean full;
  private static volatile boolean over;
  private static volatile Alarm alarm;
  private static volatile int alarms;
  private static int accepted;
  private static int ran;

  private FullHeapProgram() {}

  public static void main(String[] arguments) throws Exception {
    awaitOnce();
    switch (System.getProperty("picos.program")) {
      case "hand-over" -> handOver();
      case "timeouts" -> System.out.println(timeouts(WheelTimer.shared()));
      case "pending" -> {
        PendingTimer timer = new PendingTimer(() -> {});
        String canceled = timeouts(timer);
        System.out.println(canceled + (timer.isPending() ? "" : ", none is pending"));
      }
      case "alarm" -> alarm();
      case "virtual" -> virtual();
      case "failure" -> failure();
      case "start" -> start();
      case "give-way" -> giveWay();
      default -> throw new IllegalArgumentException();
    }
  }

  /** Loads what a thread needs that waits: the first run may be over before it has to. */
  private static void awaitOnce() {
    Thread caller = Thread.currentThread();
    Computation<Object> end = new Computation<>();
    Thread.ofPlatform()
        .start(
            () -> {
              Wait.until(() -> caller.getState() == Thread.State.WAITING);
              boolean unused = end.tryReturn("over");
            });
    end.join();
  }

  private static void handOver() {
    Thread caller = Thread.currentThread();
    List<Fiber> fibers = Stream.generate(FullHeapProgram::fiber).limit(MANY).toList();
    QueueScheduler.create()
        .run(
            () -> {
              Handler home = Handler.ofCurrentThread();
              Thread.ofPlatform().start(() -> handOver(caller, home, fibers));
              while (!over) {
                Thread.onSpinWait(); // the domain is busy, so nobody else needs memory
              }
            });
    System.out.println((accepted < MANY) + ", " + (accepted > 0) + ", " + (ran == accepted + 1));
  }

  private static Fiber fiber() {
    return new Fiber(new Computation<>());
  }

  private static void handOver(Thread caller, Handler home, List<Fiber> fibers) {
    Fiber.spawnIn(home, fiber(), self -> ran++); // loads what is needed
    // On its way into the wait for the run, its caller needs memory.
    Wait.until(() -> caller.getState() == Thread.State.WAITING);
    FullHeap.fill();
    for (int i = 0; i < MANY; i++) {
      try {
        Fiber.spawnIn(home, fibers.get(i), self -> ran++);
        accepted++;
      } catch (OutOfMemoryError refused) {
        FullHeap.releaseSome(); // perhaps there is room for the next one
      }
    }
    FullHeap.release();
    over = true;
  }

  /** Keeps the timer's thread busy until timeouts are set and the heap is full. */
  private static String timeouts(Timer timer) {
    Computation<Object> first = new Computation<>();
    timer.cancelAfter(first, Duration.ZERO, REASON); // loads what is needed
    while (first.isRunning()) {
      Thread.onSpinWait();
    }
    timer.cancelAfter(
        Computation.withAction(
            Computation.Mode.FIFO,
            null,
            null,
            (trigger, none, nothing) -> {
              entered = true;
              while (!full) {
                Thread.onSpinWait();
              }
            }),
        Duration.ZERO,
        REASON);
    while (!entered) {
      Thread.onSpinWait();
    }
    Computation<?>[] computations = new Computation<?>[TIMEOUTS];
    for (int i = 0; i < TIMEOUTS; i++) {
      computations[i] = new Computation<>();
      timer.cancelAfter(computations[i], Duration.ZERO, REASON);
    }
    FullHeap.fill();
    full = true;
    long start = System.nanoTime();
    while (canceled(computations) < TIMEOUTS && System.nanoTime() - start < 20 * SECOND) {
      FullHeap.fillAgain();
    }
    int canceled = canceled(computations);
    FullHeap.release();
    return canceled + " canceled in full heap";
  }

  private static void alarm() {
    Alarm alarm = new Alarm(FullHeapProgram::setAgain);
    FullHeapProgram.alarm = alarm;
    WheelTimer.shared().set(alarm, Duration.ZERO);
    while (alarms < ALARMS) {
      Thread.onSpinWait(); // meanwhile it loads what is needed
    }
    FullHeap.fill();
    int more = alarms + ALARMS;
    long start = System.nanoTime();
    while (alarms < more && System.nanoTime() - start < 20 * SECOND) {
      FullHeap.fillAgain();
    }
    boolean goesOn = alarms >= more;
    FullHeap.release();
    System.out.println(goesOn ? "goes on" : "has stopped");
  }

  private static void setAgain() {
    alarms++;
    WheelTimer.shared().set(alarm, Duration.ZERO);
  }

  private static int canceled(Computation<?>[] computations) {
    int count = 0;
    for (int i = 0; i < computations.length; i++) {
      if (computations[i].cancelReason() == REASON) {
        count++;
      }
    }
    return count;
  }

  private static void virtual() {
    VirtualTimer timer = new VirtualTimer();
    timer.cancelAfter(new Computation<>(), Duration.ZERO, REASON);
    timer.advance(); // loads what is needed
    Computation<?>[] computations = new Computation<?>[TIMEOUTS];
    for (int i = 0; i < TIMEOUTS; i++) {
      computations[i] = new Computation<>();
      timer.cancelAfter(computations[i], Duration.ofSeconds(i), REASON);
    }
    FullHeap.fill();
    for (int i = 0; i < RUNS; i++) {
      FullHeap.fillAgain();
      try {
        timer.advance();
      } catch (OutOfMemoryError refused) {
        // again later
      }
    }
    FullHeap.release();
    while (timer.advance()) {
      // one more
    }
    System.out.println(canceled(computations) + " canceled");
  }

  private static void failure() throws InterruptedException {
    IllegalStateException escaping = new IllegalStateException("escapes");
    failing(escaping); // loads what is needed
    int failed = 0;
    for (int i = 0; i < RUNS; i++) {
      full = false;
      Thread filling = Thread.ofPlatform().start(FullHeapProgram::keepFull);
      FatalFiberError thrown =
          failing(
              escaping,
              () -> {
                FullHeap.fill();
                full = true;
              });
      filling.join();
      failed += thrown.getCause() == escaping ? 1 : 0;
    }
    Domains pool = Domains.shared();
    while (pool.idleCount() < pool.size()) {
      Thread.onSpinWait();
    }
    System.out.println(failed + " runs threw what escaped, all domains are idle");
  }

  private static FatalFiberError failing(RuntimeException escaping, Runnable... first) {
    try {
      QueueScheduler.create()
          .run(
              fiber(),
              self -> {
                for (int i = 0; i < first.length; i++) {
                  first[i].run();
                }
                throw escaping;
              });
      throw new AssertionError("returned");
    } catch (FatalFiberError expected) {
      return expected;
    }
  }

  /** Gives others the time to do in a full heap what they do, and then makes room. */
  private static void keepFull() {
    while (!full) {
      Thread.onSpinWait();
    }
    long start = System.nanoTime();
    while (System.nanoTime() - start < SECOND / 5) {
      FullHeap.fillAgain();
    }
    FullHeap.release();
  }

  private static void start() {
    QueueScheduler scheduler = QueueScheduler.withFreshThreads();
    scheduler.run(() -> Fiber.spawn(fiber(), self -> {})); // loads what is needed
    Thread.ofPlatform().start(FullHeapProgram::keepFull);
    scheduler.run(
        () -> {
          for (int i = 0; i < CHILDREN; i++) {
            Fiber.spawn(fiber(), self -> ran++);
          }
          FullHeap.fill();
          full = true;
        });
    System.out.println(ran + " ran");
  }

  private static void giveWay() {
    Policy policy =
        new QueuePolicy() {
          @Override
          public boolean spend(Operation operation) {
            if (over) {
              FullHeap.fill();
              over = false;
            }
            return true;
          }
        };
    QueueScheduler.with(policy)
        .run(
            () -> {
              Fiber.spawn(fiber(), self -> {}); // loads what is needed
              over = true;
              boolean threw = false;
              try {
                Fiber.spawn(fiber(), self -> ran++);
              } catch (OutOfMemoryError refused) {
                threw = true;
              }
              FullHeap.release();
              Fiber.yield();
              System.out.println((threw ? "threw, " : "spawned, ") + ran + " ran");
            });
  }
}
