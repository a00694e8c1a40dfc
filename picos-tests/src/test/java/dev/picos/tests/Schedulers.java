package dev.picos.tests;

import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * The schedulers that the tests run on, one line each; some of them only in runs at length, or when
 * they are asked for. The system property {@code picos.tests.schedulers}, a regular expression over
 * their names, leaves the others out. Every seed that it names, as in {@code randos seed -42}, is
 * one more of them; so a test that failed with a random seed runs in the same order again.
 */
public final class Schedulers {
  private static final String ASKED_FOR = System.getProperty("picos.tests.schedulers", ".*");
  private static final Set<String> KINDS = Set.of("thread", "fifo", "multififo 2", "randos seed 1");

  private Schedulers() {}

  private static List<Named<Scheduler>> all() {
    Stream<Named<Scheduler>> always =
        Stream.of(
            named("thread", ThreadScheduler.create()),
            named("fifo", FifoScheduler.create()),
            named("fifo quota 1", FifoScheduler.builder().quota(1).build()),
            named("fifo fresh", FifoScheduler.builder().freshThreads(true).build()),
            named("multififo 1", multififo(1).build()),
            named("multififo 2", multififo(2).build()),
            randos(1),
            randos(ThreadLocalRandom.current().nextLong()),
            named("randos 2", RandosScheduler.builder().domains(2).build()));
    Stream<Named<Scheduler>> atLength =
        Rounds.areMany() || !ASKED_FOR.equals(".*")
            ? Stream.of(
                named("multififo 1 quota 3", multififo(1).quota(3).build()),
                named("multififo 2 quota 3", multififo(2).quota(3).build()),
                named("multififo 3", multififo(3).build()))
            : Stream.empty();
    Stream<Named<Scheduler>> seeds =
        seedsAskedFor().filter(seed -> seed != 1).map(Schedulers::randos);
    return Stream.of(always, atLength, seeds)
        .flatMap(each -> each)
        .filter(scheduler -> scheduler.getName().matches(ASKED_FOR))
        .toList();
  }

  private static MultiFifoScheduler.Builder multififo(int domains) {
    return MultiFifoScheduler.builder().domains(domains);
  }

  private static Named<Scheduler> randos(long seed) {
    return named("randos seed " + seed, RandosScheduler.builder().seed(seed).build());
  }

  private static Stream<Long> seedsAskedFor() {
    return Pattern.compile("randos seed (-?\\d+)")
        .matcher(ASKED_FOR)
        .results()
        .map(named -> Long.valueOf(named.group(1)));
  }

  /** For {@link OnEveryScheduler}. */
  static final class Each implements ArgumentsProvider {
    @Override
    public Stream<? extends Arguments> provideArguments(
        ParameterDeclarations parameters, ExtensionContext context) {
      return all().stream().map(scheduler -> arguments(scheduler));
    }
  }

  /** One of each kind; every one in long runs, and every one that is asked for. */
  public static Stream<Named<Scheduler>> ofEachKind() {
    boolean all = Rounds.areMany() || !ASKED_FOR.equals(".*");
    return all().stream().filter(scheduler -> all || KINDS.contains(scheduler.getName()));
  }

  /** For {@link OnEveryKindOfScheduler}. */
  static final class EachKind implements ArgumentsProvider {
    @Override
    public Stream<? extends Arguments> provideArguments(
        ParameterDeclarations parameters, ExtensionContext context) {
      return ofEachKind().map(scheduler -> arguments(scheduler));
    }
  }

  /** For {@link OnEveryTwoSchedulers}. */
  static final class EachTwo implements ArgumentsProvider {
    @Override
    public Stream<? extends Arguments> provideArguments(
        ParameterDeclarations parameters, ExtensionContext context) {
      List<Named<Scheduler>> all = all();
      return IntStream.range(0, all.size())
          .boxed()
          .flatMap(
              one ->
                  IntStream.rangeClosed(0, all.size() / 2)
                      .mapToObj(
                          step -> arguments(all.get(one), all.get((one + step) % all.size()))));
    }
  }

  /** Says which scheduler a test failed on, or hung on, since the output of Maven does not. */
  static final class Failures implements TestWatcher {
    @Override
    public void testFailed(ExtensionContext context, Throwable cause) {
      System.err.printf(
          "%s.%s failed on %s%n",
          context.getRequiredTestClass().getName(),
          context.getRequiredTestMethod().getName(),
          context.getDisplayName());
    }
  }
}
