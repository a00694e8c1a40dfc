package dev.picos.sched.randos;

import dev.picos.domains.Ready;
import java.util.List;
import java.util.SplittableRandom;

/** Chooses each time among all fibers that are ready, each with the same probability. */
public final class RandomWalk implements Strategy {
  private final SplittableRandom random;

  /** Makes a walk whose choices are determined by {@code seed}. */
  public RandomWalk(long seed) {
    random = new SplittableRandom(seed);
  }

  @Override
  public int choose(List<Ready> ready) {
    return random.nextInt(ready.size());
  }
}
