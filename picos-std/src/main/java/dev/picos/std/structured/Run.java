package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Body;
import dev.picos.core.BodyWith;
import dev.picos.core.ComputationException;
import dev.picos.std.internal.Bodies;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs lists of actions concurrently, and returns when all that were started have ended.
 *
 * {@snippet :
 * Run.all(() -> copy(here, there), () -> copy(there, here));
 * List<Price> prices = Run.map(10, shops, shop -> shop.price(item)); // ten at a time, in order
 * Socket socket = Run.firstSuccess(List.of(() -> connect(v6), () -> connect(v4)), Socket::close);
 * }
 *
 * <p>The last action runs in the calling fiber, and each of the others in a fiber of its own, all
 * in one {@link Bundle}. Except in {@link #firstSuccess(List, BlockWith)}, an action that throws
 * stops the others, a timeout included; in the end the error is thrown, or an {@link
 * ErrorsException} if there are several. Checked errors are thrown inside a {@link
 * ComputationException}. Actions that have not started when the run is decided, by an error, by a
 * winner or by cancelation, are skipped.
 *
 * <p>Cancelation: a caller that is canceled already throws the reason at once, and no action runs.
 * Cancelation that comes later is passed on to the actions, and the reason is thrown when they have
 * ended. In a fiber that forbids cancelation, none is passed on.
 */
public final class Run {
  private Run() {}

  /** Runs {@code actions} until all have ended. */
  public static void all(List<? extends Block<?>> actions) {
    inBundle(actions, (bundle, action) -> action.run());
  }

  /** Runs {@code actions} until all have ended. */
  public static void all(Block<?>... actions) {
    all(List.of(actions));
  }

  /** Runs {@code actions} until all have ended, and returns what they returned, in their order. */
  public static <T extends @Nullable Object> List<T> callAll(
      List<? extends Body<? extends T, ?>> actions) {
    Results<T> results = new Results<>(actions.size());
    List<Block<?>> blocks = new ArrayList<>(actions.size());
    for (Body<? extends T, ?> action : actions) {
      int index = blocks.size();
      Objects.requireNonNull(action, "action");
      blocks.add(() -> results.set(index, action.run()));
    }
    all(blocks);
    return results.asList();
  }

  /** Runs {@code actions} until all have ended, and returns what they returned, in their order. */
  @SafeVarargs
  @SuppressWarnings("varargs") // List.of only reads them
  public static <T extends @Nullable Object> List<T> callAll(Body<? extends T, ?>... actions) {
    return callAll(List.of(actions));
  }

  /**
   * Applies {@code function} to each of {@code items}, at most {@code limit} at a time, and returns
   * the results in the order of the items. The calls begin in that order. The items are copied
   * first, so that the collection may change meanwhile.
   *
   * @throws IllegalArgumentException if {@code limit} is not positive
   */
  public static <A extends @Nullable Object, T extends @Nullable Object> List<T> map(
      int limit, Collection<? extends A> items, BodyWith<? super A, ? extends T, ?> function) {
    Objects.requireNonNull(function, "function");
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be positive: " + limit);
    }
    List<A> inOrder = new ArrayList<>(items);
    Results<T> results = new Results<>(inOrder.size());
    AtomicInteger next = new AtomicInteger();
    List<Object> workers = Collections.nCopies(Math.min(limit, inOrder.size()), results);
    inBundle(
        workers,
        (bundle, worker) -> {
          while (bundle.isRunning()) {
            int index = next.getAndIncrement();
            if (index >= inOrder.size()) {
              return;
            }
            results.set(index, function.run(inOrder.get(index)));
          }
        });
    return results.asList();
  }

  /** As {@link #map}, for work that returns nothing. */
  public static <A extends @Nullable Object> void forEach(
      int limit, Collection<? extends A> items, BlockWith<? super A, ?> block) {
    List<@Nullable Void> unused = Run.<A, @Nullable Void>map(limit, items, Bodies.of(block));
  }

  /** Runs {@code actions} until one has returned, and terminates the others. */
  public static void any(List<? extends Block<?>> actions) {
    inBundle(
        actions,
        (bundle, action) -> {
          action.run();
          bundle.terminate();
        });
  }

  /** Runs {@code actions} until one has returned, and terminates the others. */
  public static void any(Block<?>... actions) {
    any(List.of(actions));
  }

  /**
   * Runs {@code actions} until one of them has returned a value, terminates the others, waits for
   * them, and returns that value. An action that fails leaves the race, and the others go on; only
   * if all of them fail, the error is thrown, or an {@link ErrorsException} of all errors.
   *
   * <p>If another action returns a value all the same, {@code onLoser} is called with it, in the
   * fiber of that action, to release it; it runs with cancelation forbidden, so that it is not cut
   * short. It is also called with the winner's value if the caller is canceled and so cannot have
   * it. What a loser throws once there is a winner is ignored. What {@code onLoser} throws goes to
   * the uncaught exception handler of the thread, and the winner remains the winner.
   *
   * <p>Between operations that are events, such as receiving from one of two channels, use {@link
   * dev.picos.std.event.Event#select} instead: exactly one of them happens, and a loser has taken
   * nothing.
   *
   * @throws java.util.NoSuchElementException if there are no actions
   */
  public static <T extends @Nullable Object> T firstSuccess(
      List<? extends Body<? extends T, ?>> actions, BlockWith<? super T, ?> onLoser) {
    return new Race<T>(onLoser).run(List.copyOf(actions));
  }

  /** As {@link #firstSuccess(List, BlockWith)}, for values that need not be released. */
  public static <T extends @Nullable Object> T firstSuccess(
      List<? extends Body<? extends T, ?>> actions) {
    return firstSuccess(actions, value -> {});
  }

  /** As {@link #firstSuccess(List, BlockWith)}, for values that need not be released. */
  @SafeVarargs
  @SuppressWarnings("varargs") // List.of only reads them
  public static <T extends @Nullable Object> T firstSuccess(Body<? extends T, ?>... actions) {
    return firstSuccess(List.of(actions));
  }

  /** How an action is run. */
  interface Way<A> {
    void run(Bundle bundle, A action) throws Exception;
  }

  static <A> void inBundle(List<? extends A> actions, Way<A> way) {
    Iterator<? extends A> rest = List.copyOf(actions).iterator();
    Bundle.run(
        bundle -> {
          while (rest.hasNext() && bundle.isRunning()) {
            A action = rest.next();
            Block<?> unlessDecided =
                () -> {
                  if (bundle.isRunning()) {
                    way.run(bundle, action);
                  }
                };
            if (rest.hasNext()) {
              fork(bundle, unlessDecided);
            } else {
              runHere(unlessDecided);
            }
          }
        });
  }

  private static void fork(Bundle bundle, Block<?> action) {
    try {
      bundle.fork(action);
    } catch (TerminateException stop) {
      if (stop != bundle.reason()) {
        throw stop;
      }
      // The run has been decided meanwhile, and the loop ends.
    }
  }

  /**
   * Lets the bundle see what is thrown, since the JDK may throw it for an interrupt by the bundle.
   */
  private static void runHere(Block<?> action) {
    try {
      action.run();
    } catch (Throwable thrown) {
      throw ComputationException.unchecked(thrown);
    }
  }

  /** The results of several fibers, each in its place; they are read when the fibers have ended. */
  private static final class Results<T extends @Nullable Object> {
    private final @Nullable Object[] values;

    Results(int size) {
      values = new @Nullable Object[size];
    }

    void set(int index, T value) {
      values[index] = value;
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // holds what was set, which is of that type
    List<T> asList() {
      return (List<T>) Collections.unmodifiableList(Arrays.asList(values));
    }
  }
}
