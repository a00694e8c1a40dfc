package dev.picos.core;

import java.util.ArrayList;
import java.util.List;

/** What {@link PointTest} runs in JVMs of its own: prints the scheduling points of operations. */
final class PointProgram {
  private PointProgram() {}

  /** Notes the scheduling points of one thread, if any, with what it could see just then. */
  public static final class Explorer implements Point.Explorer {
    static final ThreadLocal<List<String>> LOG = new ThreadLocal<>();
    static RuntimeException failure;

    @Override
    public void before(Object target, Point.Kind kind) {
      List<String> log = LOG.get();
      if (log == null) {
        return;
      }
      LOG.remove();
      log.add(kind + " " + target);
      LOG.set(log);
      if (failure != null) {
        throw failure;
      }
    }
  }

  public static void main(String[] arguments) throws InterruptedException {
    switch (System.getProperty("picos.program", "print")) {
      case "print" -> print();
      case "abandon" -> abandon();
      case "contend" -> contend();
      default -> throw new IllegalArgumentException();
    }
  }

  private static List<String> points(Runnable operation) {
    List<String> log = new ArrayList<>();
    Explorer.LOG.set(log);
    try {
      operation.run();
    } finally {
      Explorer.LOG.remove();
    }
    return log;
  }

  private static void print() {
    Trigger trigger = new Trigger();
    System.out.println("signal: " + points(trigger::signal));
    Trigger other = new Trigger();
    System.out.println("onSignal: " + points(() -> attach(other)));
    System.out.println("isSignaled: " + points(other::isSignaled));
    Computation<Integer> computation = new Computation<>();
    System.out.println("tryReturn: " + points(() -> computation.tryReturn(42)));
    System.out.println("isRunning: " + points(computation::isRunning));
    Transaction transaction = new Transaction();
    System.out.println("tryCommit: " + points(transaction::tryCommit));
  }

  /** An explorer that throws abandons the operation before it has done anything. */
  private static void abandon() {
    Explorer.failure = new IllegalStateException("abandoned");
    Trigger trigger = new Trigger();
    Computation<Integer> computation = new Computation<>();
    try {
      points(trigger::signal);
    } catch (IllegalStateException e) {
      System.out.println(e.getMessage() + " " + trigger);
    }
    try {
      points(() -> computation.tryReturn(42));
    } catch (IllegalStateException e) {
      System.out.println(e.getMessage() + " " + computation);
    }
  }

  /** Prints the most points that anyone passed at a trigger, while 8 threads contended for it. */
  private static void contend() throws InterruptedException {
    List<Trigger> triggers = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      triggers.add(new Trigger());
    }
    int[] most = new int[8];
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < most.length; i++) {
      int self = i;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    most[self] = points(() -> use(new Trigger(), self)).size();
                    for (Trigger trigger : triggers) {
                      most[self] = Math.max(most[self], points(() -> use(trigger, self)).size());
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    int maximum = 0;
    for (int each : most) {
      maximum = Math.max(maximum, each);
    }
    System.out.println(maximum);
  }

  private static void use(Trigger trigger, int self) {
    if (self % 2 == 0) {
      trigger.signal();
      return;
    }
    try {
      attach(trigger);
      trigger.isSignaled();
    } catch (IllegalStateException e) {
      // another thread was first
    }
  }

  private static void attach(Trigger trigger) {
    boolean unused = trigger.onSignal(null, null, (t, x, y) -> {});
  }
}
