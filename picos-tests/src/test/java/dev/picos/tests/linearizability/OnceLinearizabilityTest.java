package dev.picos.tests.linearizability;

import static dev.picos.tests.linearizability.Experiment.run;

import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Lazy;
import dev.picos.std.sync.PoisonBarrier;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What happens once, and what fibers await together, does so as if each step were atomic. */
@Tag("explored")
class OnceLinearizabilityTest {
  /** The count. */
  private static final class LatchModel implements Model<Integer> {
    @Override
    public Integer initial() {
      return 2;
    }

    @Override
    public Integer after(Integer count, Operation operation) {
      boolean open = count == 0;
      return switch (operation.name) {
        case "decr" ->
            changed(count, -1, operation.returned(open ? IllegalStateException.class : null));
        case "incr" ->
            changed(count, 1, operation.returned(open ? IllegalStateException.class : null));
        case "tryDecr" -> changed(count, -1, operation.returned(!open));
        case "tryIncr" -> changed(count, 1, operation.returned(!open));
        case "count" -> operation.returned(count) ? count : null;
        case "isOpen" -> operation.returned(open) ? count : null;
        case "await" -> open && operation.returned(null) ? count : null;
        default -> throw new AssertionError(operation);
      };
    }

    private static Integer changed(Integer count, int change, boolean expected) {
      return expected ? count == 0 ? count : (Integer) (count + change) : null;
    }

    @Override
    public boolean waits(Integer count, Operation operation) {
      return operation.name.equals("await") && count > 0;
    }
  }

  @Test
  void latch() {
    new Experiment<>(() -> new Latch(2), new LatchModel())
        .operation("decr", (latch, none) -> run(latch::decr))
        .operation("incr", (latch, none) -> run(latch::incr))
        .operation("tryDecr", (latch, none) -> latch.tryDecr())
        .operation("tryDecr", (latch, none) -> latch.tryDecr())
        .operation("tryIncr", (latch, none) -> latch.tryIncr())
        .operation("count", (latch, none) -> latch.count())
        .operation("isOpen", (latch, none) -> latch.await(Duration.ZERO))
        .operation("isOpen", (latch, none) -> latch.awaitEvent().poll() != null)
        .operation("await", (latch, none) -> run(latch::await))
        .operation("await", (latch, none) -> run(() -> latch.awaitEvent().sync()))
        .check();
  }

  /** What it holds: a number, the class of its poison, or {@code "nothing"}. */
  private static final class IvarModel implements Model<Object> {
    @Override
    public Object initial() {
      return "nothing";
    }

    @Override
    public Object after(Object held, Operation operation) {
      boolean empty = held.equals("nothing");
      return switch (operation.name) {
        case "tryFill" -> operation.returned(empty) ? empty ? operation.argument : held : null;
        case "tryPoison" ->
            operation.returned(empty) ? empty ? IllegalStateException.class : held : null;
        case "peek" -> operation.returned(held) ? held : null;
        case "read" -> !empty && operation.returned(held) ? held : null;
        default -> throw new AssertionError(operation);
      };
    }

    @Override
    public boolean waits(Object held, Operation operation) {
      return operation.name.equals("read") && held.equals("nothing");
    }
  }

  private static Object peek(Ivar<Integer> ivar) {
    return switch (ivar.peek()) {
      case null -> "nothing";
      case Outcome.Returned<Integer> filled -> filled.value();
      case Outcome.Canceled<Integer> poisoned -> poisoned.reason().getClass();
    };
  }

  private static Object readNow(Ivar<Integer> ivar) {
    try {
      return ivar.read(Duration.ZERO);
    } catch (TimeoutException none) {
      return "nothing";
    }
  }

  private static Object poll(Ivar<Integer> ivar) {
    Outcome.Returned<Integer> filled = ivar.readEvent().poll();
    return filled == null ? "nothing" : filled.value();
  }

  @Test
  void ivar() {
    new Experiment<>(() -> new Ivar<Integer>(), new IvarModel())
        .operation("tryFill", 3, (ivar, value) -> ivar.tryFill(value))
        .operation("tryPoison", (ivar, none) -> ivar.tryPoison(new IllegalStateException()))
        .operation("peek", (ivar, none) -> peek(ivar))
        .operation("peek", (ivar, none) -> readNow(ivar))
        .operation("peek", (ivar, none) -> poll(ivar))
        .operation("read", (ivar, none) -> ivar.read())
        .operation("read", (ivar, none) -> ivar.readEvent().sync())
        .fibers(4)
        .length(3)
        .check();
  }

  /** A value that depends on how often its body has come to an end, other than by being stopped. */
  private static final class Once {
    private final boolean fails;
    private int stops;
    private final Lazy<Integer> lazy = Lazy.of(this::body);
    private boolean running;
    private int ends;

    Once(boolean fails, int stops) {
      this.fails = fails;
      this.stops = stops;
    }

    private Integer body() throws Failure, InterruptedException {
      if (running) {
        return 99; // run twice at once
      }
      running = true;
      try {
        Fiber.yield();
        Fiber.yield();
        if (stops > 0) {
          stops--;
          throw new InterruptedException();
        }
        ends++;
        if (fails) {
          throw new Failure(ends, Fiber.current());
        }
        return ends;
      } finally {
        running = false;
      }
    }

    /**
     * Returns the number of the result; a negative one if the result may not have been kept; 0 if
     * the body was stopped.
     */
    int force() {
      try {
        return lazy.force();
      } catch (dev.picos.core.ComputationException thrown) {
        if (!(thrown.getCause() instanceof Failure failure)) {
          return 0;
        }
        Fiber fiber = Fiber.current();
        return failure.fiber == fiber && fiber.isCanceled() ? -failure.number : failure.number;
      }
    }
  }

  @SuppressWarnings("serial") // never serialized
  private static final class Failure extends Exception {
    final int number;
    final Fiber fiber;

    Failure(int number, Fiber fiber) {
      this.number = number;
      this.fiber = fiber;
    }
  }

  /** 0, or the number of the result; a negative one if it is not known yet whether it was kept. */
  private static final class LazyModel implements Model<Integer> {
    @Override
    public Integer initial() {
      return 0;
    }

    @Override
    public Integer after(Integer number, Operation operation) {
      return switch (operation.name) {
        case "force" -> afterForce(number, (Integer) operation.result());
        case "isForced" ->
            operation.returned(true)
                ? number == 0 ? null : (Integer) Math.abs(number)
                : number > 0 ? null : (Integer) 0;
        default -> throw new AssertionError(operation);
      };
    }

    private static Integer afterForce(int number, int result) {
      return number > 0 ? Math.abs(result) == number ? (Integer) number : null : (Integer) result;
    }

    @Override
    public boolean waits(Integer number, Operation operation) {
      return false;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "false, 0, 2",
    "false, 0, 8",
    "true, 0, 2",
    "true, 0, 8",
    "false, 2, 0",
    "true, 2, 8"
  })
  void lazy(boolean fails, int stops, int cancelations) {
    new Experiment<>(() -> new Once(fails, stops), new LazyModel())
        .operation("force", (once, none) -> once.force())
        .operation("force", (once, none) -> once.force())
        .operation("isForced", (once, none) -> once.lazy.isForced())
        .length(3)
        .cancelations(cancelations)
        .check();
  }

  private static boolean arrived(PoisonBarrier barrier) {
    barrier.await();
    return true;
  }

  /** Who gives up changes the barrier, and so is not merely canceled. */
  private static boolean arrive(BooleanSupplier await) {
    try {
      return await.getAsBoolean();
    } catch (CancellationException thrown) {
      return false;
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 3, 0", "2, 3, 2", "3, 4, 0", "3, 4, 2"})
  void poisonBarrier(int parties, int fibers, int cancelations) {
    new Experiment<>(() -> new PoisonBarrier(parties), new PoisonBarrierModel(parties))
        .operation("await", (barrier, none) -> arrive(() -> arrived(barrier)))
        .operation("await", (barrier, none) -> arrive(() -> arrived(barrier)))
        .operation("isPoisoned", (barrier, none) -> barrier.isPoisoned())
        .fibers(fibers)
        .length(3)
        .cancelations(cancelations)
        .check();
  }

  @ParameterizedTest
  @CsvSource({"2, 3", "3, 4"})
  void poisonBarrier_thatIsPoisoned(int parties, int fibers) {
    new Experiment<>(() -> new PoisonBarrier(parties), new PoisonBarrierModel(parties))
        .operation("await", (barrier, none) -> arrive(() -> arrived(barrier)))
        .operation("await", (barrier, none) -> arrive(() -> arrived(barrier)))
        .operation("awaitNot", (barrier, none) -> arrive(() -> barrier.await(Duration.ZERO)))
        .operation("poison", (barrier, none) -> run(barrier::poison))
        .operation("isPoisoned", (barrier, none) -> barrier.isPoisoned())
        .fibers(fibers)
        .check();
  }
}
