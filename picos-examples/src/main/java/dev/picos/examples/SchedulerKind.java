package dev.picos.examples;

import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import java.util.Locale;

/** The schedulers that a program can be run on. */
enum SchedulerKind {
  THREADS {
    @Override
    Scheduler create() {
      return ThreadScheduler.create();
    }
  },
  FIFO {
    @Override
    Scheduler create() {
      return FifoScheduler.create();
    }
  },
  MULTIFIFO {
    @Override
    Scheduler create() {
      return MultiFifoScheduler.create();
    }
  },
  RANDOS {
    @Override
    Scheduler create() {
      return RandosScheduler.create();
    }
  };

  abstract Scheduler create();

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
