package dev.picos.sched.randos;

import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import dev.picos.domains.VirtualTimer;
import org.jspecify.annotations.Nullable;

/**
 * Lets other fibers run after every operation except a spawn, and lets a {@link Strategy} choose
 * which fiber runs next. Fibers that are canceled are chosen like any others.
 */
final class Randos implements Policy {
  private final Bag bag;
  private final boolean preemptsSpawn;
  private final @Nullable VirtualTimer timer;
  private final String name;

  Randos(Bag bag, boolean preemptsSpawn, @Nullable VirtualTimer timer, String name) {
    this.bag = bag;
    this.preemptsSpawn = preemptsSpawn;
    this.timer = timer;
    this.name = name;
  }

  @Override
  public void ready(Ready fiber, boolean first) {
    bag.add(fiber);
  }

  @Override
  public @Nullable Ready next() {
    return bag.take();
  }

  @Override
  public boolean isEmpty() {
    return bag.size() == 0;
  }

  @Override
  public boolean spend(Operation operation) {
    return preemptsSpawn || operation != Operation.SPAWN;
  }

  @Override
  public int available() {
    return bag.size();
  }

  @Override
  public boolean passTime() {
    try {
      return timer != null && timer.advance();
    } catch (Throwable thrown) { // by the action of some trigger
      Thread here = Thread.currentThread();
      here.getUncaughtExceptionHandler().uncaughtException(here, thrown);
      return true;
    }
  }

  /** Names the scheduler. */
  @Override
  public String toString() {
    return name;
  }
}
