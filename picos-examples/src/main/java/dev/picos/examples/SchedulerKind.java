package dev.picos.examples;

import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
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
  };

  abstract Scheduler create();

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
