package dev.picos.tck;

import dev.picos.core.Scheduler;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Runs each rule in a thread of its own, so that a rule that hangs neither hangs the suite nor
 * keeps its reasons to itself. Skips the rules that the scheduler does not claim to keep.
 */
final class RuleRunner implements InvocationInterceptor {
  @Override
  public void interceptTestMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> rule,
      ExtensionContext context)
      throws Throwable {
    SchedulerContract contract = (SchedulerContract) context.getRequiredTestInstance();
    assumeClaimed(contract, rule.getExecutable());
    Threads.begin(contract);
    contract.startClock();
    RuleThread thread = new RuleThread(context.getDisplayName(), invocation);
    thread.start();
    try {
      if (!thread.join(contract.timeout())) {
        throw new AssertionError(thread.describeHang(contract));
      }
    } finally {
      contract.stopClock();
      Threads.end(contract);
    }
    if (thread.thrown != null) {
      throw thread.thrown;
    }
  }

  private static void assumeClaimed(SchedulerContract contract, Method rule) {
    Needs needs = rule.getAnnotation(Needs.class);
    if (needs != null) {
      Assumptions.assumeTrue(
          contract.capabilities().contains(needs.value()),
          () -> "the scheduler does not claim " + needs.value());
    }
    if (rule.isAnnotationPresent(RealTime.class)) {
      Assumptions.assumeFalse(
          contract.capabilities().contains(Capability.VIRTUAL_TIME),
          () -> "the rule is about real time, and the scheduler has " + Capability.VIRTUAL_TIME);
    }
  }

  /** Notes what the rule that the calling thread runs waits for, in case it waits too long. */
  static void waitingFor(String what) {
    if (Thread.currentThread() instanceof RuleThread thread) {
      thread.waitingFor = what;
    }
  }

  /** The thread of one rule. Unless it says otherwise, it waits for a run to return. */
  private static final class RuleThread extends Thread {
    private final InvocationInterceptor.Invocation<Void> invocation;
    private volatile String waitingFor = "the run to return";
    private volatile @Nullable Throwable thrown;

    RuleThread(String rule, InvocationInterceptor.Invocation<Void> invocation) {
      super(rule);
      this.invocation = invocation;
      setDaemon(true);
    }

    @Override
    public void run() {
      try {
        invocation.proceed();
      } catch (Throwable t) {
        thrown = t;
      }
    }

    String describeHang(SchedulerContract contract) {
      String threads = Threads.dump(contract);
      String what = contract.waitedInVainFor(); // after: a fiber may only just have given up
      Scheduler scheduler = contract.latestScheduler();
      return "%s%n  has not ended within %s%s; it waits for %s%s%s%n%n%s"
          .formatted(
              getName(),
              contract.timeout(),
              scheduler == null ? "" : " on " + scheduler,
              waitingFor,
              place(),
              what == null ? "" : "%n  and has waited in vain for %s".formatted(what),
              threads);
    }

    /** Where in the rule the thread waits, as a link for an IDE. */
    private String place() {
      for (StackTraceElement frame : getStackTrace()) {
        if (frame.getClassName().startsWith(getClass().getPackageName())
            && String.valueOf(frame.getFileName()).endsWith("Rules.java")) {
          return " at " + frame;
        }
      }
      return "";
    }
  }
}
