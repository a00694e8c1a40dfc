package dev.picos.interop.agrona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.domains.Idling;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.junit.jupiter.api.Test;

class AgronaIdlingTest {
  @Test
  void strategy_isAskedAndReset() {
    List<String> calls = new ArrayList<>();
    IdleStrategy strategy =
        new IdleStrategy() {
          @Override
          public void idle(int workCount) {
            calls.add("idle " + workCount);
          }

          @Override
          public void idle() {
            calls.add("idle");
          }

          @Override
          public void reset() {
            calls.add("reset");
          }
        };
    Idling idling = AgronaIdling.of(() -> strategy).get();
    idling.idle();
    idling.reset();
    assertThat(calls).containsExactly("idle", "reset");
  }

  @Test
  void everyDomain_hasAStrategyOfItsOwn() {
    List<IdleStrategy> made = new ArrayList<>();
    var idlings =
        AgronaIdling.of(
            () -> {
              made.add(new BusySpinIdleStrategy());
              return made.get(made.size() - 1);
            });
    assertThat(idlings.get()).isNotSameAs(idlings.get()).hasToString("spin");
    assertThat(made).hasSize(2);
  }

  @Test
  void nulls() {
    assertThatThrownBy(() -> AgronaIdling.of(null)).hasMessage("strategies");
    assertThatThrownBy(() -> AgronaIdling.of(() -> null).get())
        .isInstanceOf(NullPointerException.class);
  }
}
