package dev.picos.std.sync;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.std.internal.Headroom;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
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
 * <p>The body runs in the fiber that asks first, while others that ask wait for it; so it may wait
 * and do I/O as that fiber may, and is canceled with it. How it ends is the result for everybody:
 * its value, or else what it threw, that very object, which every {@link #force} throws from then
 * on. There are two exceptions, which concern nobody else: when the body throws and its fiber is
 * canceled, whatever it throws; and when it throws a {@link VirtualMachineError}, since another
 * fiber may have more stack, or find more memory. Nothing is kept then, and the next fiber that
 * asks, one of those that wait if there are any, runs the body again. So the body runs once at a
 * time, and ends once without such a failure.
 *
 * <p>A body must not ask for its own value. In the same fiber this is reported; through another
 * fiber that the body waits for, or by two bodies that each ask for the other's value in fibers of
 * their own, it is a deadlock, from which cancelation is the only way out.
 *
 * <p>What the body did happens before every return of {@link #force}, and before {@link #isForced}
 * returns {@code true}.
 *
 * <p>Progress: once forced, everything is wait-free and needs no scheduler; {@code force} is one
 * read. Space: a forced value refers to the result alone, and to the body no longer; those that
 * wait, as in {@link Computation}.
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
  // It fails when its fiber is canceled, or stack or memory runs out.
  //
  // Invariants: an Outcome is final. Only the fiber of a Forcing replaces it, and completes its
  // `ended` after that; so whoever has waited for that finds another state, the outcome or one in
  // which he may try himself. That the Body comes back is no ABA problem: it says the same again.
  //
  // Every Forcing ends. That takes no memory: a result that finds none is a failure. And it takes
  // less stack than there was shown to be when it began, whatever the body has used up since.
  //
  // Ordering: the compare-and-set that starts a forcing is volatile, and decides who runs the body.
  // Its end is a release, which a force pairs with by its acquire; for those who wait, completing
  // `ended` comes after it.
  //
  // Differences from the original: there the cancelation of the forcing fiber is the result for
  // ever, so that one fiber's timeout takes the value away from all; and so is the end of its
  // stack.

  private record Forcing(Body<?, ?> body, Fiber fiber, Computation<@Nullable Void> ended) {}

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
   * Returns the value, after having it computed if nobody has so far: by this fiber, or by another
   * one that this one waits for.
   *
   * <p>Cancelation: none if this is forced. Else a fiber that is canceled before, or while it
   * waits, throws the reason; while it runs the body, cancelation is the body's affair.
   *
   * @throws ComputationException if the body threw a checked exception, which is its cause; an
   *     unchecked one is thrown as it is
   * @throws IllegalStateException if it is the body that asks. If the body lets that out, it is the
   *     result as any other exception would be
   */
  public T force() {
    return state() instanceof Outcome.Returned<?> returned ? value(returned) : forceSlowly();
  }

  /** Returns whether there is a result, be it a value or an exception. */
  public boolean isForced() {
    return state() instanceof Outcome<?>;
  }

  /** Returns whether there is a value, which {@link #force} then returns at once. */
  public boolean isValue() {
    return state() instanceof Outcome.Returned<?>;
  }

  /**
   * Makes what {@code function} gives for this value, both computed when asked for. To force a long
   * chain of these takes a stack of that depth; where it is not deep enough, nothing is forced.
   */
  public <U extends @Nullable Object> Lazy<U> map(Function<? super T, ? extends U> function) {
    Objects.requireNonNull(function, "function");
    return of(() -> function.apply(force()));
  }

  /**
   * As {@link #map}, but when this is forced already {@code function} is applied now. Never waits.
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
          Headroom.require();
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
      if (thrown instanceof VirtualMachineError || forcing.fiber.isCanceled()) {
        throw ComputationException.unchecked(thrown);
      }
      after = new Outcome.Canceled<>(thrown);
    } finally {
      end(forcing, after);
    }
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
