package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/**
 * Two fibers force a value, and one of them is canceled: the other one gets the value, whichever
 * came first.
 */
@JCStressTest
@State
@Outcome(id = "value, value", expect = ACCEPTABLE, desc = "canceled too late")
@Outcome(id = "canceled, value", expect = ACCEPTABLE, desc = "canceled while forcing or waiting")
@Outcome(expect = FORBIDDEN, desc = "one fiber's cancelation is the result of the other")
public class LazyForceVsCancel {
  private final Computation<Object> computation = new Computation<>();
  private final Lazy<String> lazy = Lazy.of(LazyForceVsCancel::compute);

  static String compute() {
    Fiber.current().check();
    return "value";
  }

  static String outcome(Body<String, RuntimeException> force) {
    try {
      return force.run();
    } catch (CancellationException thrown) {
      return "canceled";
    }
  }

  static String outcomeUnder(Computation<?> computation, Body<String, RuntimeException> force) {
    Fiber fiber = Fiber.current();
    Computation<?> before = fiber.computation();
    fiber.setComputation(computation);
    try {
      return outcome(force);
    } finally {
      fiber.setComputation(before);
    }
  }

  @Actor
  void force(LL_Result r) {
    r.r1 = outcomeUnder(computation, lazy::force);
  }

  @Actor
  void forceToo(LL_Result r) {
    r.r2 = outcome(lazy::force);
  }

  @Actor
  void cancel() {
    computation.tryCancel(new CancellationException());
  }

  /** The mistake: it takes the cancelation of the forcing fiber for the result. */
  @JCStressTest
  @JCStressMeta(LazyForceVsCancel.class)
  @State
  public static class Broken {
    private final Computation<Object> computation = new Computation<>();
    private final AtomicReference<@Nullable Computation<String>> forcing = new AtomicReference<>();

    private String force() {
      Fiber.current().check();
      Computation<String> mine = new Computation<>();
      Computation<String> other = forcing.compareAndExchange(null, mine);
      if (other == null) {
        mine.tryCapture(LazyForceVsCancel::compute);
        return mine.await();
      }
      return other.await();
    }

    @Actor
    void force(LL_Result r) {
      r.r1 = outcomeUnder(computation, this::force);
    }

    @Actor
    void forceToo(LL_Result r) {
      r.r2 = outcome(this::force);
    }

    @Actor
    void cancel() {
      computation.tryCancel(new CancellationException());
    }
  }
}
