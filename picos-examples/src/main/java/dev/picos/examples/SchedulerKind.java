package dev.picos.examples;

import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

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

  /** Reads a name from the command line, in upper or lower case. */
  static final class Parser implements ITypeConverter<SchedulerKind> {
    @Override
    public SchedulerKind convert(String name) {
      return Stream.of(values())
          .filter(kind -> kind.name().equalsIgnoreCase(name))
          .findFirst()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "expected one of " + List.of(values()) + " but was '" + name + "'"));
    }
  }

  abstract Scheduler create();

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
