package dev.picos.domains;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Runs fibers under a policy of the test's own. */
final class QueueScheduler implements Scheduler {
  private final Supplier<? extends Policy> policies;
  private final boolean freshThreads;

  private QueueScheduler(Supplier<? extends Policy> policies, boolean freshThreads) {
    this.policies = policies;
    this.freshThreads = freshThreads;
  }

  static QueueScheduler create() {
    return new QueueScheduler(QueuePolicy::new, false);
  }

  static QueueScheduler with(Policy policy) {
    return new QueueScheduler(() -> policy, false);
  }

  static QueueScheduler withFreshThreads() {
    return new QueueScheduler(QueuePolicy::new, true);
  }

  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    new Execution(policies.get()).freshThreads(freshThreads).run(fiber, main);
  }
}
