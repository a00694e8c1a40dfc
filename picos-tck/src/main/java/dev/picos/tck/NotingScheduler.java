package dev.picos.tck;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A scheduler under test. It notes the threads of the main fibers, for when something hangs. */
@SuppressWarnings("NullAway") // null is passed on: to refuse it is the affair of the scheduler
record NotingScheduler(Rules rule, Scheduler scheduler) implements Scheduler {
  @Override
  public <T extends @Nullable Object, E extends Exception> T call(Body<? extends T, E> main)
      throws E {
    return scheduler.<T, E>call(main == null ? null : () -> Threads.<T, E>noted(rule, main));
  }

  @Override
  public <E extends Exception> void run(Block<E> main) throws E {
    scheduler.run(main == null ? null : (Block<E>) () -> noted(main));
  }

  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    scheduler.run(fiber, main == null ? null : self -> noted(() -> main.accept(self)));
  }

  private <E extends Exception> void noted(Block<E> block) throws E {
    Threads.<@Nullable Void, E>noted(
        rule,
        () -> {
          block.run();
          return null;
        });
  }
}
