package dev.picos.core;

import dev.picos.testing.FullHeap;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** What {@link FullHeapTest} runs in JVMs of its own, each with a heap that is full for a while. */
final class FullHeapProgram {
  private static final int MANY = 20_000;
  private static final int LONG = 20;
  private static final RuntimeException REASON = new RuntimeException("reason");

  private FullHeapProgram() {}

  public static void main(String[] arguments) throws Exception {
    switch (System.getProperty("picos.program")) {
      case "many-fifo" -> many(Computation.Mode.FIFO);
      case "many-lifo" -> many(Computation.Mode.LIFO);
      case "chain" -> chain();
      case "transaction" -> transaction();
      case "throwing" -> throwing();
      case "detach" -> detach();
      case "timeouts" -> timeouts();
      case "sleepers" -> sleepers();
      case "fatal" -> fatal();
      case "fatal-twice" -> fatalTwice();
      case "main-throws" -> mainThrows();
      case "main-returns" -> mainReturns();
      case "await" -> await();
      case "await-first" -> awaitFirst();
      case "await-forbidding" -> awaitForbidding();
      default -> throw new IllegalArgumentException();
    }
  }

  private static List<Trigger> attach(Computation<?> computation, int count) {
    List<Trigger> triggers = Stream.generate(Trigger::new).limit(count).toList();
    for (Trigger trigger : triggers) {
      if (!computation.tryAttach(trigger)) {
        throw new AssertionError();
      }
    }
    return triggers;
  }

  private static long signaled(List<Trigger> triggers) {
    return triggers.stream().filter(Trigger::isSignaled).count();
  }

  /** Loads and links what will be needed, which takes memory. */
  private static void warmUp(Computation.Mode mode) {
    Computation<Object> first = new Computation<>(mode);
    attach(first, 2);
    Computation.attachCanceler(first, new Computation<>(mode));
    attach(first, 2);
    first.tryCancel(new RuntimeException("warm"));
    new Computation<>(mode).tryReturn(null);
    Transaction transaction = new Transaction();
    if (!transaction.tryReturn(new Computation<>(mode), null) || !transaction.tryCommit()) {
      throw new AssertionError();
    }
  }

  private static void many(Computation.Mode mode) {
    warmUp(mode);
    Computation<Object> computation = new Computation<>(mode);
    List<Trigger> triggers = attach(computation, MANY);
    boolean returned;
    FullHeap.fill();
    try {
      returned = computation.tryReturn(null);
    } finally {
      FullHeap.release();
    }
    System.out.println(returned + ", " + signaled(triggers) + " signaled");
  }

  /** Each computation of a chain has more to signal after its canceler. */
  private static void chain() {
    warmUp(Computation.Mode.FIFO);
    List<Computation<Object>> chain =
        Stream.generate(() -> new Computation<>()).limit(LONG).toList();
    List<Trigger> triggers = new ArrayList<>();
    for (int i = 0; i < LONG; i++) {
      triggers.addAll(attach(chain.get(i), 1));
      if (i < LONG - 1) {
        Computation.attachCanceler(chain.get(i), chain.get(i + 1));
      }
      triggers.addAll(attach(chain.get(i), 1));
    }
    Computation<Object> from = new Computation<>();
    from.tryCancel(new RuntimeException("reason"));
    Trigger canceler = Computation.canceler(from, chain.getFirst());
    FullHeap.fill();
    try {
      canceler.signal();
    } finally {
      FullHeap.release();
    }
    long canceled = chain.stream().filter(Computation::isCanceled).count();
    System.out.println(canceled + " canceled, " + signaled(triggers) + " signaled");
  }

  /** To detach takes a new bag, or the trigger keeps its place. */
  private static void detach() {
    warmUp(Computation.Mode.FIFO);
    Computation<Object> computation = new Computation<>();
    List<Trigger> triggers = attach(computation, MANY);
    computation.detach(triggers.getFirst());
    FullHeap.fill();
    try {
      for (int i = 1; i < LONG; i++) {
        computation.detach(triggers.get(i));
      }
    } finally {
      FullHeap.release();
    }
    int attached = computation.attachedCount();
    boolean returned = computation.tryReturn(null);
    System.out.println(attached + ", " + returned + ", " + signaled(triggers) + " signaled");
  }

  private static void transaction() {
    warmUp(Computation.Mode.FIFO);
    Computation<Object> one = new Computation<>();
    Computation<Object> other = new Computation<>();
    List<Trigger> triggers = new ArrayList<>(attach(one, MANY));
    triggers.addAll(attach(other, MANY));
    Transaction transaction = new Transaction();
    if (!transaction.tryReturn(one, null) || !transaction.tryReturn(other, null)) {
      throw new AssertionError();
    }
    boolean committed;
    FullHeap.fill();
    try {
      committed = transaction.tryCommit();
    } finally {
      FullHeap.release();
    }
    System.out.println(committed + ", " + signaled(triggers) + " signaled");
  }

  /** Actions that throw, and no memory to keep what more than one of them throws. */
  private static void throwing() {
    warmUp(Computation.Mode.FIFO);
    Computation<Object> computation = new Computation<>();
    IllegalStateException first = new IllegalStateException("first");
    IllegalStateException second = new IllegalStateException("second");
    Trigger.Action<IllegalStateException, Object> action =
        (trigger, thrown, nothing) -> {
          throw thrown;
        };
    if (!computation.tryAttach(Trigger.fromAction(first, null, action))
        || !computation.tryAttach(Trigger.fromAction(second, null, action))) {
      throw new AssertionError();
    }
    List<Trigger> triggers = attach(computation, MANY);
    boolean thrown = false;
    FullHeap.fill();
    try {
      computation.tryReturn(null);
    } catch (IllegalStateException expected) {
      thrown = true;
    } finally {
      FullHeap.release();
    }
    System.out.println(thrown + ", " + signaled(triggers) + " signaled");
  }

  /** Keeps the heap full for a while, and takes what becomes free meanwhile. */
  private static void stayFull(long milliseconds) {
    long start = System.nanoTime();
    while (System.nanoTime() - start < milliseconds * 1_000_000) {
      FullHeap.fill();
    }
  }

  /** Timeouts that pass while the heap is full. */
  private static void timeouts() {
    Fiber.sleep(Duration.ofMillis(1));
    List<Computation<Object>> computations =
        Stream.generate(() -> new Computation<>()).limit(200).toList();
    for (int i = 0; i < 200; i++) { // one after the other, so that each finds the heap full again
      computations.get(i).cancelAfter(Duration.ofMillis(1_000 + 10 * i), REASON);
    }
    try {
      stayFull(3_000);
    } finally {
      FullHeap.release();
    }
    Wait.until(() -> computations.stream().allMatch(each -> each.cancelReason() == REASON));
    System.out.println("all passed");
  }

  /** Fibers whose sleep ends while the heap is full. */
  private static void sleepers() {
    AtomicInteger woken = new AtomicInteger();
    ThreadScheduler scheduler = ThreadScheduler.create();
    scheduler.run(() -> Fiber.sleep(Duration.ofMillis(1)));
    CountDownLatch asleep = new CountDownLatch(LONG);
    Task<Boolean> run =
        Task.start(
            () ->
                scheduler.run(
                    () -> {
                      for (int i = 0; i < LONG; i++) {
                        Fiber.spawn(
                            new Fiber(new Computation<>()),
                            fiber -> {
                              asleep.countDown();
                              Fiber.sleep(Duration.ofSeconds(1));
                              woken.incrementAndGet();
                            });
                      }
                    }));
    try {
      asleep.await();
      stayFull(1_500);
      FullHeap.release();
      run.result();
    } catch (Exception failed) {
      throw new AssertionError(failed);
    }
    System.out.println(woken + " woken");
  }

  /**
   * Fills the heap in a fiber once {@code caller} waits for its run. The first time, this does
   * nothing but wait, for warming up.
   */
  private static void fillWhileWaiting(Thread caller, boolean full) {
    Wait.until(() -> caller.getState() == Thread.State.WAITING);
    if (full) {
      FullHeap.fill();
    }
  }

  /** A fiber whose main throws while the heap is full. */
  private static void fatal() {
    Thread caller = Thread.currentThread();
    for (boolean full : List.of(false, true)) {
      String end;
      try {
        ThreadScheduler.create()
            .run(
                new Fiber(new Computation<>()),
                fiber -> {
                  fillWhileWaiting(caller, full);
                  throw REASON;
                });
        end = "returned";
      } catch (FatalFiberError error) {
        FullHeap.release();
        end = error.getCause() == REASON ? error.getMessage() : error.getCause().toString();
      }
      print(full, end);
    }
  }

  private static void print(boolean full, String end) {
    FullHeap.release();
    if (full) {
      System.out.println(end);
    }
  }

  /** What fibers throw after that is dropped if there is no memory to keep it. */
  private static void fatalTwice() {
    FatalFiberError error = new FatalFiberError();
    error.escaped(REASON, 7);
    RuntimeException second = new RuntimeException("second");
    FullHeap.fill();
    try {
      error.escaped(second, 3);
    } finally {
      FullHeap.release();
    }
    System.out.println(error.getCause() == REASON ? error.getMessage() : error.getCause());
  }

  /** The main of a call throws while the heap is full. */
  private static void mainThrows() {
    Thread caller = Thread.currentThread();
    for (boolean full : List.of(false, true)) {
      String end;
      try {
        ThreadScheduler.create()
            .run(
                () -> {
                  fillWhileWaiting(caller, full);
                  throw REASON;
                });
        end = "returned";
      } catch (RuntimeException thrown) {
        end = thrown == REASON ? "threw it" : "threw another";
      }
      print(full, end);
    }
  }

  /** The main of a call returns something while the heap is full. */
  private static void mainReturns() {
    Thread caller = Thread.currentThread();
    for (boolean full : List.of(false, true)) {
      String end;
      try {
        Object unused =
            ThreadScheduler.create()
                .call(
                    () -> {
                      fillWhileWaiting(caller, full);
                      return REASON;
                    });
        end = "returned";
      } catch (OutOfMemoryError thrown) {
        end = "threw an OutOfMemoryError";
      }
      print(full, end);
    }
  }

  private static String described(Throwable reason, Trigger trigger) {
    return (reason instanceof OutOfMemoryError ? "OutOfMemoryError" : reason)
        + ", "
        + trigger
        + ", "
        + Fiber.current().computation().attachedCount()
        + " attached";
  }

  /** Loads and links what an await needs. */
  private static void warmUpAwait() {
    Fiber fiber = Fiber.current();
    fiber.computation().tryCancel(REASON);
    if (new Trigger().await() != REASON) {
      throw new AssertionError();
    }
    fiber.setComputation(new Computation<>());
  }

  private static void await() {
    warmUpAwait();
    Trigger trigger = new Trigger();
    Throwable reason;
    FullHeap.fill();
    try {
      reason = trigger.await();
    } finally {
      FullHeap.release();
    }
    System.out.println(described(reason, trigger));
  }

  /** An await by a thread that has not been a fiber before. */
  private static void awaitFirst() throws Exception {
    warmUpAwait();
    Trigger trigger = new Trigger();
    AtomicBoolean full = new AtomicBoolean();
    AtomicReference<Throwable> reason = new AtomicReference<>();
    Thread other =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!full.get()) {
                    Thread.onSpinWait();
                  }
                  reason.set(trigger.await());
                  FullHeap.release();
                });
    FullHeap.fill();
    full.set(true);
    other.join();
    System.out.println(described(reason.get(), trigger));
  }

  /** A fiber that forbids cancelation waits whether there is memory or not. */
  private static void awaitForbidding() throws Exception {
    Trigger warm = new Trigger();
    Trigger trigger = new Trigger();
    AtomicBoolean full = new AtomicBoolean();
    AtomicBoolean looking = new AtomicBoolean();
    Thread waiter = Thread.currentThread();
    Task<Boolean> signaler =
        Task.start(
            () -> {
              String awaiting = "Trigger[awaiting]";
              Wait.until(
                  () ->
                      warm.toString().equals(awaiting)
                          && waiter.getState() == Thread.State.WAITING);
              warm.signal(); // wakes a thread, and so loads and links what that needs
              while (!full.get() || waiter.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
                looking.set(true);
              }
              trigger.signal();
              while (full.get()) {
                Thread.onSpinWait(); // the end of a task takes memory
              }
            });
    Fiber.current().setForbidCancelation(true);
    Throwable reason = warm.await();
    while (!looking.get()) {
      Thread.onSpinWait(); // until the signaler, too, has loaded and linked what it needs
    }
    FullHeap.fill();
    full.set(true);
    try {
      reason = reason == null ? trigger.await() : reason;
    } finally {
      FullHeap.release();
      full.set(false);
    }
    boolean unused = signaler.result();
    System.out.println(described(reason, trigger));
  }
}
