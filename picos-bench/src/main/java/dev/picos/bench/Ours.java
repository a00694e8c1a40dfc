package dev.picos.bench;

import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;

/** A scheduler of ours; a number is how many domains it has. */
public enum Ours {
  /** One domain. */
  FIFO,
  /** The same order, by another program. */
  MULTIFIFO1,
  /** Two domains. */
  MULTIFIFO2,
  /** A random order, on one domain. */
  RANDOS,
  /** Virtual threads on the JDK's scheduler. */
  THREADS;

  Scheduler create() {
    return create(Integer.MAX_VALUE);
  }

  /** Those without quotas ignore {@code quota}. */
  Scheduler create(int quota) {
    return switch (this) {
      case FIFO -> FifoScheduler.builder().quota(quota).build();
      case MULTIFIFO1 -> multififo(1, quota);
      case MULTIFIFO2 -> multififo(2, quota);
      case RANDOS -> RandosScheduler.builder().seed(1).build();
      case THREADS -> ThreadScheduler.create();
    };
  }

  private static Scheduler multififo(int domains, int quota) {
    return MultiFifoScheduler.builder().domains(domains).quota(quota).build();
  }
}
