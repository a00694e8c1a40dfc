package dev.picos.std.sync;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.core.internal.Headroom;
import dev.picos.std.structured.TerminateException;
import java.io.InterruptedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A value that is computed when it is first asked for, and then kept.
 *
 * {@snippet :
 * Lazy<Config> config = Lazy.of(() -> parse(file));
 * // anywhere, any number of times
 * Config c = config.force();
 * }
 *
 * <p>The body runs in the fiber that asks first, while other fibers that ask wait for it. So it may
 * wait and do I/O as that fiber may, and is canceled with it. The way it ends is the result for all
 * fibers: its value, or else the exception that it threw, that very object, which every later
 * {@link #force} throws.
 *
 * <p>A body that was stopped has computed nothing. Then the exception goes only to the fiber that
 * ran the body, nothing is kept, and one of the fibers that wait, or else the next fiber that asks,
 * runs the body again. So the body runs once at a time, and ends at most once without having been
 * stopped. It counts as stopped when it throws anything while its fiber is canceled, and when it
 * throws one of the following, or an exception that has one of them as its cause, directly or
 * through other causes:
 *
 * <ul>
 *   <li>{@link InterruptedException}, {@link InterruptedIOException}, {@link
 *       ClosedByInterruptException} and {@link FileLockInterruptionException}: its thread was
 *       interrupted. The interrupt status is left as the body left it;
 *   <li>{@link TimeoutException}, and the timeouts of sockets, which are {@link
 *       InterruptedIOException}s: the time was up, even if the limit was the body's own;
 *   <li>{@link TerminateException} and {@link CancellationException}: the work was given up, or
 *       other work that the body waited for was;
 *   <li>{@link VirtualMachineError}: stack or memory was exhausted, and another fiber may have
 *       more.
 * </ul>
 *
 * <p>If such an end is to be the result, the body returns it as a value.
 *
 * <p>A body must not ask for its own value. In the same fiber this is reported. Through another
 * fiber that the body waits for, it is a deadlock, and so are two bodies in two fibers that each
 * ask for the other's value. Cancelation is the only way out of it.
 *
 * <p>What the body does happens before every return of {@link #force}, and before {@link #isForced}
 * returns {@code true}.
 *
 * <p>Progress: once forced, everything is wait-free and needs no scheduler; {@code force} is one
 * read. Space: a forced value refers to the result alone, and no longer to the body; for each
 * waiter, as in {@link Computation}.
 *
 * @param <T> the type of the value
 */
public final class Lazy<T extends @Nullable Object> {
  // For maintainers.
  //
  //   state      force                                  the body ends       it fails
  //   Body       -> Forcing, run the body
  //   Forcing    wait until it has ended; by its own    -> Outcome          -> Body, that very one
  //              fiber: IllegalStateException
  //   Outcome    the result
  //
  // The body fails when it throws because it was stopped, as the class comment says.
  //
  // Invariants: an Outcome is final. Only the fiber of a Forcing replaces it, and completes its
  // `ended` after that. So a fiber that has waited for `ended` finds another state: the outcome, or
  // a state in which it may run the body itself. The Body that comes back is no ABA problem, since
  // it means the same again.
  //
  // Every Forcing ends. Ending it takes no memory: a result for which there is no memory counts as
  // a failure. And it takes less stack than there was shown to be when the forcing began, whatever
  // the body has used since.
  //
  // Ordering: the compare-and-set that starts a forcing is volatile, and decides which fiber runs
  // the body. Its end is a release, and a force pairs with it by an acquire. For fibers that wait,
  // `ended` is completed after that.
  //
  // Differences from the original: there the cancelation of the forcing fiber is the result for
  // ever, so that one fiber's timeout takes the value away from all. So is a stack overflow, and in
  // Java it would be an interrupt of its thread.

  private record Forcing(Body<?, ?> body, Fiber fiber, Computation<@Nullable Void> ended) {}

  /** The number of causes that are examined at most, since causes may form a cycle. */
  private static final int CAUSES = 100;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Lazy.class, "state", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A {@link Body}, a {@link Forcing} or an {@link Outcome}. */
  @SuppressWarnings("unused") // through STATE
  private volatile Object state;

  private Lazy(Object state) {
    this.state = state;
  }

  /** Makes a value that {@code body} will compute. */
  public static <T extends @Nullable Object> Lazy<T> of(Body<? extends T, ?> body) {
    return new Lazy<>(Objects.requireNonNull(body, "body"));
  }

  /** Makes a value that is there already. */
  public static <T extends @Nullable Object> Lazy<T> ofValue(T value) {
    return new Lazy<>(new Outcome.Returned<>(value));
  }

  /**
   * Returns the value. If it has not been computed yet, this fiber computes it now, or waits for
   * another fiber that does.
   *
   * <p>Cancelation: none if this is forced. Else a fiber that is canceled before, or while it
   * waits, throws the reason; while it runs the body, cancelation is up to the body.
   *
   * @throws ComputationException if the body threw a checked exception, which is the cause; an
   *     unchecked one is thrown as it is. The class comment says whether it is also kept
   * @throws IllegalStateException if it is the body that asks. If the body throws this on, it
   *     becomes the result, as any other exception would
   */
  public T force() {
    return state() instanceof Outcome.Returned<?> returned ? value(returned) : forceSlowly();
  }

  /** Returns whether there is a result, a value or an exception. */
  public boolean isForced() {
    return state() instanceof Outcome<?>;
  }

  /** Returns whether there is a value, which {@link #force} then returns at once. */
  public boolean isValue() {
    return state() instanceof Outcome.Returned<?>;
  }

  /**
   * Makes a value that {@code function} computes from this one, both when they are asked for. To
   * force a long chain of these takes a stack as deep as the chain is long; if the stack is not
   * deep enough, nothing is forced.
   */
  public <U extends @Nullable Object> Lazy<U> map(Function<? super T, ? extends U> function) {
    Objects.requireNonNull(function, "function");
    return of(() -> function.apply(force()));
  }

  /**
   * As {@link #map}, but if this is forced already, {@code function} is applied now. Never waits.
   *
   * @throws ComputationException if this is forced, and the body threw a checked exception; an
   *     unchecked one, and what {@code function} throws, is thrown as it is
   */
  public <U extends @Nullable Object> Lazy<U> mapValue(Function<? super T, ? extends U> function) {
    Objects.requireNonNull(function, "function");
    return isForced() ? ofValue(function.apply(force())) : map(function);
  }

  private T forceSlowly() {
    for (; ; ) {
      switch (state()) {
        case Outcome.Returned<?> returned -> {
          return value(returned);
        }
        case Outcome.Canceled<?> threw -> throw ComputationException.unchecked(threw.reason());
        case Forcing forcing -> {
          if (forcing.fiber == Fiber.current()) {
            throw new IllegalStateException("being forced by this fiber: it needs its own value");
          }
          forcing.ended.join();
        }
        case Body<?, ?> body -> {
          Fiber fiber = Fiber.current();
          fiber.check();
          Forcing forcing = new Forcing(body, fiber, new Computation<>());
          Headroom.requireForScope();
          Point.before(this, Point.Kind.UPDATE);
          if (STATE.compareAndSet(this, body, forcing)) {
            run(forcing);
          }
        }
        default -> throw new AssertionError();
      }
    }
  }

  private void run(Forcing forcing) {
    Object after = forcing.body;
    try {
      after = new Outcome.Returned<>(forcing.body.run());
    } catch (Throwable thrown) {
      if (forcing.fiber.isCanceled() || isStop(thrown)) {
        throw ComputationException.unchecked(thrown);
      }
      after = new Outcome.Canceled<>(thrown);
    } finally {
      end(forcing, after);
    }
  }

  /** Returns whether {@code thrown}, or what caused it, says that nothing was computed. */
  private static boolean isStop(Throwable thrown) {
    Throwable each = thrown;
    for (int i = 0; i < CAUSES && each != null; i++, each = each.getCause()) {
      if (each instanceof InterruptedException
          || each instanceof InterruptedIOException
          || each instanceof ClosedByInterruptException
          || each instanceof FileLockInterruptionException
          || each instanceof TimeoutException
          || each instanceof TerminateException
          || each instanceof CancellationException
          || each instanceof VirtualMachineError) {
        return true;
      }
    }
    return false;
  }

  private void end(Forcing forcing, Object after) {
    Point.before(this, Point.Kind.WRITE);
    STATE.setRelease(this, after);
    forcing.ended.tryReturn(null);
  }

  @SuppressWarnings("unchecked") // what the body returned, which is a T
  private T value(Outcome.Returned<?> returned) {
    return (T) returned.value();
  }

  private Object state() {
    Point.before(this, Point.Kind.READ);
    return STATE.getAcquire(this);
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    return "Lazy["
        + switch (STATE.getAcquire(this)) {
          case Outcome.Returned<?> returned -> returned.value();
          case Outcome.Canceled<?> threw -> "threw " + threw.reason();
          case Forcing forcing -> "being forced";
          default -> "not forced";
        }
        + "]";
  }
}
