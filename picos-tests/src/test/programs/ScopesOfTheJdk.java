import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.interop.Interop;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Inheritance;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.StructuredTaskScope;
import java.util.concurrent.StructuredTaskScope.Joiner;
import java.util.concurrent.StructuredTaskScope.Subtask;

/** Structured task scopes and scoped values of the JDK, in fibers. */
class ScopesOfTheJdk {
  private static final ScopedValue<String> USER = ScopedValue.newInstance();

  public static void main(String[] arguments) throws Exception {
    for (Scheduler scheduler :
        List.of(
            FifoScheduler.create(),
            MultiFifoScheduler.create(),
            RandosScheduler.builder().seed(42).build())) {
      scheduler.run(ScopesOfTheJdk::subtasksAreFibers);
      scheduler.run(ScopesOfTheJdk::failureCancelsTheOthers);
      scheduler.run(ScopesOfTheJdk::forkedFibersInherit);
    }
    System.out.println("all as expected");
  }

  private static void subtasksAreFibers() throws Exception {
    Set<Fiber> fibers = ConcurrentHashMap.newKeySet();
    fibers.add(Fiber.current());
    ScopedValue.where(USER, "Anna")
        .call(
            () -> {
              try (var scope =
                  StructuredTaskScope.open(
                      Joiner.<String>allSuccessfulOrThrow(),
                      settings -> settings.withThreadFactory(Interop.threadFactory()))) {
                Subtask<String> first = scope.fork(() -> work(fibers));
                Subtask<String> second = scope.fork(() -> work(fibers));
                scope.join();
                check(first.get().equals("Anna"), "the first subtask has the scoped value");
                check(second.get().equals("Anna"), "the second subtask has the scoped value");
                return null;
              }
            });
    check(fibers.size() == 3, "each subtask is a fiber of its own");
  }

  private static String work(Set<Fiber> fibers) {
    fibers.add(Fiber.current());
    Fiber.yield();
    return USER.get();
  }

  private static void failureCancelsTheOthers() throws Exception {
    boolean[] interrupted = new boolean[1];
    CountDownLatch waits = new CountDownLatch(1);
    try (var scope =
        StructuredTaskScope.open(
            Joiner.<String>allSuccessfulOrThrow(),
            settings -> settings.withThreadFactory(Interop.threadFactory()))) {
      scope.fork(
          () -> {
            try {
              waits.countDown();
              new CountDownLatch(1).await();
            } catch (InterruptedException expected) {
              interrupted[0] = true;
            }
            return "";
          });
      scope.fork(
          () -> {
            waits.await();
            throw new IllegalStateException("failed");
          });
      try {
        scope.join();
        check(false, "the failure comes out");
      } catch (StructuredTaskScope.FailedException expected) {
        check(expected.getCause().getMessage().equals("failed"), "the failure is the cause");
      }
    }
    check(interrupted[0], "the other one is interrupted");
  }

  private static void forkedFibersInherit() {
    Inheritance ofUser =
        () -> {
          ScopedValue.Carrier carrier = ScopedValue.where(USER, USER.get());
          return carrier::run;
        };
    ScopedValue.where(USER, "Berta")
        .run(
            () ->
                ofUser.run(
                    () ->
                        Bundle.run(
                            bundle -> {
                              String own = bundle.<String>forkAsPromise(USER::get).await();
                              check(own.equals("Berta"), "a forked fiber has the scoped value");
                            })));
    Bundle.run(
        bundle -> {
          boolean isBound = bundle.<Boolean>forkAsPromise(USER::isBound).await();
          check(!isBound, "nothing is inherited unless the program says so");
        });
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("not so: " + what);
    }
  }
}
