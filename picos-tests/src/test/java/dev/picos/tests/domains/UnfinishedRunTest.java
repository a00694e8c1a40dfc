package dev.picos.tests.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.domains.FiberReport;
import dev.picos.domains.Service;
import dev.picos.domains.UnfinishedRunException;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.testing.Fork;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs that are given up, after a time or because their caller was interrupted. */
class UnfinishedRunTest {
  private final List<Object> log = Collections.synchronizedList(new ArrayList<>());
  private final List<Thread> here = Collections.synchronizedList(new ArrayList<>());
  private final Computation<Object> never = new Computation<>();

  /** Makes a scheduler with a run timeout, whose runs may end on an interrupt. */
  interface Kind {
    Scheduler make(Duration limit, boolean endsOnInterrupt);

    default Scheduler interruptible() {
      return make(Duration.ofDays(1), true);
    }
  }

  @Retention(RetentionPolicy.RUNTIME)
  @ParameterizedTest
  @MethodSource("dev.picos.tests.domains.UnfinishedRunTest#kinds")
  @interface OnEachKind {}

  static Stream<Named<Kind>> kinds() {
    return Stream.of(
        Named.of(
            "fifo",
            (limit, ends) ->
                FifoScheduler.builder().runTimeout(limit).endsOnInterrupt(ends).build()),
        Named.of("multififo 1", multififo(1)),
        Named.of("multififo 3", multififo(3)),
        Named.of("randos", randos(builder -> builder)),
        Named.of("randos 2", randos(builder -> builder.domains(2))),
        Named.of("randos open", randos(builder -> builder.virtualTime(true).closedWorld(false))));
  }

  private static Kind multififo(int domains) {
    return (limit, ends) ->
        MultiFifoScheduler.builder()
            .domains(domains)
            .runTimeout(limit)
            .endsOnInterrupt(ends)
            .build();
  }

  private static Kind randos(Function<RandosScheduler.Builder, RandosScheduler.Builder> settings) {
    return (limit, ends) ->
        settings
            .apply(RandosScheduler.builder().seed(42).runTimeout(limit).endsOnInterrupt(ends))
            .build();
  }

  private static UnfinishedRunException unfinished(Scheduler scheduler, Block<?> main) {
    UnfinishedRunException unfinished =
        catchThrowableOfType(UnfinishedRunException.class, () -> scheduler.run(main));
    assertThat(unfinished).isNotNull();
    return unfinished;
  }

  /** Interrupts the caller of a run when all is so. */
  private static UnfinishedRunException interruptedWhen(
      BooleanSupplier condition, Scheduler scheduler, Block<?> main) throws Exception {
    Task<UnfinishedRunException> caller = Task.start(() -> unfinished(scheduler, main));
    Wait.until(condition);
    caller.thread().interrupt();
    return caller.result();
  }

  /** Called by a fiber that is about to do what it does when the run is given up. */
  private void arrive() {
    here.add(Thread.currentThread());
  }

  private BooleanSupplier haveArrived(int fibers) {
    return () -> here.size() == fibers;
  }

  private BooleanSupplier wait(int fibers) {
    return () ->
        here.size() == fibers
            && List.copyOf(here).stream()
                .allMatch(thread -> thread.getState() == Thread.State.WAITING);
  }

  private Object awaitNever() {
    arrive();
    return never.await();
  }

  // What is said

  @OnEachKind
  void message_saysWhereEachFiberIsAndWhereItWasSpawned(Kind kind) throws Exception {
    Scheduler scheduler = kind.interruptible();

    UnfinishedRunException unfinished =
        interruptedWhen(
            wait(2),
            scheduler,
            () -> {
              spawnWaiter();
              awaitNever();
            });

    assertThat(unfinished)
        .hasMessageStartingWith("a run of ")
        .hasMessageContaining(
            " was given up, since its caller was interrupted; 2 fibers are alive:")
        .hasMessageContaining("fiber 0 waits in dev.picos.core.Computation.await")
        .hasMessageContaining("fiber 1 \"waiter\" waits in dev.picos.core.Computation.await");
    FiberReport waiter = unfinished.fibers().get(1);
    assertThat(waiter.number()).isEqualTo(1);
    assertThat(waiter.name()).isEqualTo("waiter");
    assertThat(waiter.status()).isEqualTo(FiberReport.Status.WAITING);
    assertThat(waiter.stack()).anyMatch(frame -> frame.getMethodName().equals("awaitNever"));
    assertThat(waiter.spawnedAt()).anyMatch(frame -> frame.getMethodName().equals("spawnWaiter"));
    if (scheduler instanceof RandosScheduler) {
      assertThat(unfinished).hasMessageContaining("RandosScheduler[seed 42");
    }
  }

  private void spawnWaiter() {
    Fibers.start(
        () -> {
          Thread.currentThread().setName("waiter");
          return awaitNever();
        });
  }

  @OnEachKind
  void message_isBounded(Kind kind) throws Exception {
    UnfinishedRunException unfinished =
        interruptedWhen(
            wait(1_000),
            kind.interruptible(),
            () -> {
              for (int i = 1; i < 1_000; i++) {
                Fibers.start(this::awaitNever);
              }
              awaitNever();
            });

    assertThat(unfinished).hasMessageContaining("1000 fibers are alive:");
    assertThat(unfinished).hasMessageEndingWith("and 950 more fibers");
    assertThat(unfinished.fibers()).hasSizeLessThan(1_000);
  }

  @Test
  void monitor_isNamedWithItsOwner() throws Exception {
    Object monitor = new Object();
    UnfinishedRunException unfinished =
        interruptedWhen(
            () ->
                here.size() == 2
                    && here.get(0).getState() == Thread.State.WAITING
                    && here.get(1).getState() == Thread.State.BLOCKED,
            multififo(2).make(Duration.ofDays(1), true),
            () -> {
              Fibers.start(
                  () -> {
                    synchronized (monitor) {
                      return awaitNever();
                    }
                  });
              while (here.isEmpty()) {
                Fiber.yield();
              }
              arrive();
              synchronized (monitor) {
                log.add("entered");
              }
            });

    assertThat(unfinished)
        .hasMessageContaining("fiber 0 waits for the monitor " + described(monitor));
    assertThat(log).containsExactly("entered");
  }

  @Test
  void reports_doNoHarmToWhatElseRuns() throws Exception {
    // the JVM can crash when it is asked about a thread that is about to end
    Fork fork =
        Fork.java(
            ManyReportsProgram.class,
            List.of(
                Fiber.class,
                Fibers.class,
                Service.class,
                MultiFifoScheduler.class,
                FifoScheduler.class),
            List.of(Fork.OPENS, "-XX:-CreateCoredumpOnCrash", "-Dpicos.domains=4"));

    assertThat(fork.output())
        .isEqualTo(Runtime.version().feature() < 25 ? "none was named" : "monitors were named");
    assertThat(fork.exit()).isZero();
  }

  private static String described(Object monitor) {
    return Runtime.version().feature() < 25
        ? "(the JVM does not say which"
        : Objects.toIdentityString(monitor) + ", which fiber 1 owns";
  }

  // What happens to the fibers

  @OnEachKind
  void fibers_areCanceledWithIt(Kind kind) throws Exception {
    UnfinishedRunException unfinished =
        interruptedWhen(
            wait(1),
            kind.interruptible(),
            () -> {
              try {
                awaitNever();
              } catch (Throwable reason) {
                log.add(reason);
                throw reason;
              } finally {
                log.add("cleaned up");
              }
            });

    assertThat(log).containsExactly(unfinished, "cleaned up");
    assertThat(unfinished.getSuppressed())
        .allSatisfy(each -> assertThat(each).hasMessageContaining("thrown in a run of"));
  }

  @OnEachKind
  void fibersThatBlockInTheJdk_areInterrupted(Kind kind) throws Exception {
    UnfinishedRunException unfinished =
        interruptedWhen(
            wait(1),
            kind.interruptible(),
            () -> {
              arrive();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                log.add("interrupted");
              }
            });

    assertThat(unfinished)
        .hasMessageContaining("waits in java.util.concurrent.CountDownLatch.await");
    assertThat(log).containsExactly("interrupted");
  }

  @OnEachKind
  void fiberThatDoesNotStop_isLeftBehind(Kind kind) throws Exception {
    UnfinishedRunException unfinished =
        interruptedWhen(
            wait(1),
            kind.interruptible(),
            () ->
                Fiber.current()
                    .runForbiddingCancelation(
                        () -> {
                          awaitNever();
                          log.add("went on");
                        }));

    never.tryReturn("too late");
    int value = kind.interruptible().call(() -> Fibers.start(() -> 42).await());

    assertThat(unfinished).hasMessageContaining("fiber 0 waits in dev.picos.core.Computation");
    assertThat(value).isEqualTo(42);
    assertThat(log).isEmpty();
  }

  @OnEachKind
  void fiberThatComputes_isShownAndLeftToItself(Kind kind) throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    try {
      UnfinishedRunException unfinished =
          interruptedWhen(
              haveArrived(1),
              kind.interruptible(),
              () -> {
                for (int i = 0; i < 200; i++) {
                  Fibers.start(never::await);
                }
                Fibers.start(() -> computeUntil(stop)).await();
              });

      assertThat(unfinished.fibers())
          .extracting(FiberReport::status)
          .contains(FiberReport.Status.RUNNING);
      assertThat(unfinished)
          .hasMessageContaining("fiber 201 is running")
          .hasMessageContaining("UnfinishedRunTest.computeUntil");
    } finally {
      stop.set(true);
    }
  }

  private boolean computeUntil(AtomicBoolean stop) {
    arrive();
    while (!stop.get()) {
      Thread.onSpinWait();
    }
    return true;
  }

  @OnEachKind
  void fibersThatYield_end(Kind kind) throws Exception {
    UnfinishedRunException unfinished =
        interruptedWhen(
            haveArrived(10),
            kind.interruptible(),
            () -> {
              for (int i = 1; i < 10; i++) {
                Fibers.start(this::yieldForEver);
              }
              yieldForEver();
            });

    assertThat(unfinished).hasMessageContaining("10 fibers are alive");
    assertThat(log).hasSize(10).containsOnly("ended");
  }

  private Object yieldForEver() {
    arrive();
    try {
      while (true) {
        Fiber.yield();
      }
    } finally {
      log.add("ended");
    }
  }

  @OnEachKind
  void whatFibersThrowMeanwhile_isSuppressed(Kind kind) throws Exception {
    RuntimeException thrown = new RuntimeException("in the clean-up");

    UnfinishedRunException unfinished =
        interruptedWhen(
            wait(1),
            kind.interruptible(),
            () ->
                Fiber.spawn(
                    new Fiber(new Computation<>()),
                    self -> {
                      arrive();
                      log.add(String.valueOf(new Trigger().await()));
                      throw thrown;
                    }));

    assertThat(log).containsExactly(unfinished.toString());
    assertThat(unfinished.getSuppressed())
        .anySatisfy(each -> assertThat(each).hasRootCause(thrown));
  }

  // The time

  @OnEachKind
  void runThatTakesLonger_isGivenUp(Kind kind) {
    UnfinishedRunException unfinished =
        unfinished(kind.make(Duration.ofMillis(50), false), never::join);

    assertThat(unfinished).hasMessageContaining(" has not ended within PT0.05S; 1 fiber is alive:");
  }

  @Test
  void time_isRealTime() {
    // a run in virtual time that goes on and on is given up, and one that sleeps for a year is not
    RandosScheduler scheduler =
        RandosScheduler.builder().virtualTime(true).runTimeout(Duration.ofSeconds(5)).build();

    scheduler.run(() -> Fiber.sleep(Duration.ofDays(365)));
    UnfinishedRunException unfinished =
        unfinished(
            scheduler,
            () -> {
              while (true) {
                Fiber.sleep(Duration.ofNanos(1));
              }
            });

    assertThat(unfinished).hasMessageContaining(" has not ended within PT5S");
  }

  // Runs that end

  @OnEachKind
  void runThatEnds_isLeftAlone(Kind kind) {
    for (int i = 0; i < 100; i++) {
      int value = kind.make(Duration.ofDays(1), true).call(() -> Fibers.start(() -> 42).await());
      assertThat(value).isEqualTo(42);
    }
  }

  @Test
  void limit_isPositive() {
    Stream<Block<?>> wrong =
        Stream.of(Duration.ZERO, Duration.ofMillis(-1))
            .flatMap(
                limit ->
                    Stream.of(
                        () -> FifoScheduler.builder().runTimeout(limit),
                        () -> MultiFifoScheduler.builder().runTimeout(limit),
                        () -> RandosScheduler.builder().runTimeout(limit)));

    assertThat(wrong)
        .allSatisfy(each -> assertThatIllegalArgumentException().isThrownBy(each::run));
  }

  // Interrupts

  @OnEachKind
  void interruptOfAThread_endsTheRun(Kind kind) throws Exception {
    for (Task.Kind each : Task.Kind.values()) {
      Trigger trigger = new Trigger();
      Task<Boolean> caller =
          Task.start(
              each,
              () -> {
                UnfinishedRunException unused =
                    unfinished(kind.interruptible(), () -> log.add(trigger.await()));
                return Thread.interrupted();
              });
      Wait.until(() -> trigger.toString().equals("Trigger[awaiting]"));
      caller.thread().interrupt();

      assertThat(caller.result()).isTrue();
    }
  }

  @OnEachKind
  void interruptBeforeTheRun_endsIt(Kind kind) throws Exception {
    Task<Boolean> caller =
        Task.start(
            () -> {
              Thread.currentThread().interrupt();
              UnfinishedRunException unused = unfinished(kind.interruptible(), never::join);
              return Thread.interrupted();
            });

    assertThat(caller.result()).isTrue();
  }

  @OnEachKind
  void interrupt_endsNoRunThatDoesNotWantThat(Kind kind) throws Exception {
    Task<Boolean> caller =
        Task.start(
            () -> {
              Thread.currentThread().interrupt();
              Object value = kind.make(Duration.ofDays(1), false).call(never::await);
              assertThat(value).isEqualTo("value");
              return Thread.interrupted();
            });
    caller.untilParked();
    caller.thread().interrupt();
    never.tryReturn("value");

    assertThat(caller.result()).isTrue();
  }

  @OnEachKind
  void interruptOfAFiber_endsTheRunThatItHasStarted(Kind kind) {
    // and only that one: the run of the fiber goes on
    Scheduler outer = kind.make(Duration.ofDays(1), false);

    boolean interrupted =
        outer.call(
            () -> {
              Thread fiber = Thread.currentThread();
              Trigger trigger = new Trigger();
              Fibers.start(
                  () -> {
                    while (!trigger.toString().equals("Trigger[awaiting]")) {
                      Fiber.yield();
                    }
                    fiber.interrupt();
                    return true;
                  });
              UnfinishedRunException unused =
                  unfinished(kind.interruptible(), () -> log.add(trigger.await()));
              return Thread.interrupted();
            });

    assertThat(interrupted).isTrue();
  }

  // Runs inside of runs

  @OnEachKind
  void runOfAFiber_isGivenUpWithTheRunOfThatFiber(Kind kind) throws Exception {
    UnfinishedRunException unfinished =
        interruptedWhen(
            wait(1),
            kind.interruptible(),
            () ->
                FifoScheduler.create()
                    .run(
                        () ->
                            MultiFifoScheduler.create()
                                .run(
                                    () -> {
                                      try {
                                        awaitNever();
                                      } catch (Throwable reason) {
                                        log.add(reason);
                                        throw reason;
                                      }
                                    })));

    assertThat(unfinished)
        .hasMessageContaining("1 fiber is alive:")
        .hasMessageContaining("and in a run of fifo, inside of that; 1 fiber is alive:")
        .hasMessageContaining("and in a run of multififo, inside of that; 1 fiber is alive:");
    assertThat(log).containsExactly(unfinished);
  }

  @OnEachKind
  void runOfAFiberThatComputes_isLeftBehindWithTheRunOfThatFiber(Kind kind) throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    try {
      UnfinishedRunException unfinished =
          interruptedWhen(
              haveArrived(1),
              kind.interruptible(),
              () -> FifoScheduler.create().run(() -> computeUntil(stop)));

      assertThat(unfinished).hasMessageContaining("fiber 0 is running");
    } finally {
      stop.set(true);
    }
  }

  // The property

  @Test
  void property_limitsAllRunsAndNoService() throws Exception {
    Fork fork =
        Fork.java(
            Program.class,
            List.of(
                Fiber.class,
                Fibers.class,
                Service.class,
                FifoScheduler.class,
                assertThat(1).getClass()),
            List.of(Fork.OPENS, "-Dpicos.run.timeout=0.1s"));

    assertThat(fork.output())
        .contains("a run of fifo has not ended within PT0.1S")
        .endsWith("the service has answered");
    assertThat(fork.exit()).isZero();
  }

  @Test
  void property_thatIsNoTime() throws Exception {
    Fork fork =
        Fork.java(
            Program.class,
            List.of(Fiber.class, Service.class, FifoScheduler.class),
            List.of(Fork.OPENS, "-Dpicos.run.timeout=soon"));

    assertThat(fork.output())
        .contains("picos.run.timeout=soon: write a time of more than 0, as 30s or 5m");
  }

  /** Hangs in a run, and longer than runs may take in a service. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      Computation<Object> never = new Computation<>();
      try (Service service = FifoScheduler.create().start()) {
        Computation<Boolean> answer =
            service.submit(
                () -> {
                  Fiber.sleep(Duration.ofMillis(300));
                  return true;
                });
        try {
          FifoScheduler.create().run(never::join);
        } catch (UnfinishedRunException e) {
          System.out.println(e.getMessage());
        }
        System.out.println(answer.await() ? "the service has answered" : "");
      }
    }
  }
}
