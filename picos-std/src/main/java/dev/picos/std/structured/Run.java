package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs lists of actions concurrently, and returns when all that were started have ended.
 *
 * {@snippet :
 * Run.all(() -> copy(here, there), () -> copy(there, here));
 * Response response = Run.firstOrTerminate(List.of(() -> ask(primary), () -> ask(replica)));
 * }
 *
 * <p>The last action runs in the calling fiber, and each of the others in a fiber of its own, all
 * in one {@link Bundle}. An action that throws {@link Terminate} has ended, and that is all. An
 * action that throws anything else terminates the others; the error, or an {@link ErrorsException}
 * when there are several, is thrown in the end. Checked errors are thrown inside a {@link
 * dev.picos.core.ComputationException}. Actions that have not started when the run is decided, by
 * an error, by a winner or by cancelation, are skipped.
 *
 * <p>Cancelation: a caller whose computation is canceled already throws the reason at once, and no
 * action runs. Cancelation that comes later is passed to the actions, and the reason thrown when
 * they have ended.
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
   * Runs {@code actions} until one has returned a value, terminates the others, and returns that
   * value. An error of any action is thrown nevertheless.
   *
   * @throws Terminate if no action has returned a value, as when all have thrown it, or when there
   *     are none
   */
  public static <T extends @Nullable Object> T firstOrTerminate(
      List<? extends Body<? extends T, ?>> actions) {
    Computation<T> first = new Computation<>();
    inBundle(
        actions,
        (bundle, action) -> {
          if (first.tryReturn(action.run())) {
            bundle.terminate();
          }
        });
    Control.terminateUnless(!first.isRunning());
    return first.await();
  }

  /** As {@link #firstOrTerminate(List)}. */
  @SafeVarargs
  @SuppressWarnings("varargs") // List.of only reads them
  public static <T extends @Nullable Object> T firstOrTerminate(Body<? extends T, ?>... actions) {
    return firstOrTerminate(List.of(actions));
  }

  /** How an action is run. */
  private interface Way<A> {
    void run(Bundle bundle, A action) throws Exception;
  }

  private static <A> void inBundle(List<? extends A> actions, Way<A> way) {
    Iterator<? extends A> rest = List.copyOf(actions).iterator();
    Bundle.joinAfter(
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
              runHere(bundle, unlessDecided);
            }
          }
        });
  }

  private static void fork(Bundle bundle, Block<?> action) {
    try {
      bundle.fork(action);
    } catch (Terminate decidedMeanwhile) {
      // Then the loop ends.
    }
  }

  private static void runHere(Bundle bundle, Block<?> action) {
    try {
      action.run();
    } catch (Throwable thrown) {
      bundle.fail(new Failure(), thrown);
    }
  }
}
