package dev.picos.interop.agrona;

import dev.picos.domains.Idling;
import java.util.Objects;
import java.util.function.Supplier;
import org.agrona.concurrent.IdleStrategy;

/**
 * Lets the domains of the pool wait as one of Agrona's idle strategies says.
 *
 * {@snippet :
 * Domains.prepare(2, AgronaIdling.of(BusySpinIdleStrategy::new));
 * }
 *
 * <p>A strategy that sleeps, such as {@code BackoffIdleStrategy}, is woken by whoever brings work
 * if it parks the thread; one that calls {@code Thread.sleep} sleeps for its full time.
 */
@SuppressWarnings("exports") // of IdleStrategy: whoever has one has Agrona
public final class AgronaIdling implements Idling {
  private final IdleStrategy strategy;

  private AgronaIdling(IdleStrategy strategy) {
    this.strategy = strategy;
  }

  /** Returns what makes a strategy for each domain. */
  public static Supplier<Idling> of(Supplier<? extends IdleStrategy> strategies) {
    Objects.requireNonNull(strategies, "strategies");
    return () -> new AgronaIdling(Objects.requireNonNull(strategies.get(), "strategy"));
  }

  @Override
  public void idle() {
    strategy.idle();
  }

  @Override
  public void reset() {
    strategy.reset();
  }

  /** Names the strategy. */
  @Override
  public String toString() {
    return strategy.alias();
  }
}
