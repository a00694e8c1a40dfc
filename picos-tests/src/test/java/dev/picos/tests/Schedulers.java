package dev.picos.tests;

import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * The schedulers that the tests run on, one line each. The system property {@code
 * picos.tests.schedulers}, a regular expression over their names, leaves the others out.
 */
final class Schedulers {
  private static final List<Entry> ALL =
      Stream.of(
              new Entry("thread", ThreadScheduler::create),
              new Entry("fifo", FifoScheduler::create),
              new Entry("fifo quota 1", () -> FifoScheduler.builder().quota(1).build()),
              new Entry("fifo fresh", () -> FifoScheduler.builder().freshThreads(true).build()),
              new Entry("multififo 1", () -> MultiFifoScheduler.builder().domains(1).build()),
              new Entry("multififo 2", () -> MultiFifoScheduler.builder().domains(2).build()),
              new Entry(
                  "multififo 2 quota 3",
                  () -> MultiFifoScheduler.builder().domains(2).quota(3).build()),
              new Entry("randos seed 1", () -> RandosScheduler.builder().seed(1).build()),
              new Entry("randos seed 2", () -> RandosScheduler.builder().seed(2).build()),
              new Entry("randos, any seed", RandosScheduler::create),
              new Entry("randos 2", () -> RandosScheduler.builder().domains(2).build()))
          .filter(Entry::isAskedFor)
          .toList();

  private Schedulers() {}

  private record Entry(String name, Supplier<Scheduler> maker) {
    boolean isAskedFor() {
      return name.matches(System.getProperty("picos.tests.schedulers", ".*"));
    }

    Named<Scheduler> make() {
      return named(name, maker.get());
    }
  }

  /** For {@link OnEveryScheduler}. */
  static final class Each implements ArgumentsProvider {
    @Override
    public Stream<? extends Arguments> provideArguments(
        ParameterDeclarations parameters, ExtensionContext context) {
      return ALL.stream().map(entry -> arguments(entry.make()));
    }
  }

  /** For {@link OnEveryTwoSchedulers}. */
  static final class EachTwo implements ArgumentsProvider {
    @Override
    public Stream<? extends Arguments> provideArguments(
        ParameterDeclarations parameters, ExtensionContext context) {
      return ALL.stream()
          .flatMap(one -> ALL.stream().map(other -> arguments(one.make(), other.make())));
    }
  }
}
