package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FifoTest {
  private final Fifo policy = new Fifo("first come, first served", 2);

  private static Ready fiber() {
    return new Start(new Fiber(new Computation<>()), self -> {});
  }

  @Test
  void canceled_comeFirst_eachInTheirOrder() {
    Ready one = fiber();
    Ready two = fiber();
    Ready canceledOne = fiber();
    Ready canceledTwo = fiber();
    policy.ready(one, false);
    policy.ready(canceledOne, true);
    policy.ready(two, false);
    policy.ready(canceledTwo, true);

    assertThat(policy.isEmpty()).isFalse();
    assertThat(policy.next()).isSameAs(canceledOne);
    assertThat(policy.next()).isSameAs(canceledTwo);
    assertThat(policy.next()).isSameAs(one);
    assertThat(policy.next()).isSameAs(two);
    assertThat(policy.next()).isNull();
    assertThat(policy.isEmpty()).isTrue();
  }

  @Test
  void quota_isEachFibersOwn() {
    policy.ready(fiber(), false);
    policy.ready(fiber(), false);

    policy.next();
    assertThat(policy.spend(Policy.Operation.SPAWN)).isFalse();
    policy.next();
    assertThat(policy.spend(Policy.Operation.SPAWN)).isFalse();
    assertThat(policy.spend(Policy.Operation.SPAWN)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  void quota_isPositive(int quota) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Fifo("none", quota))
        .withMessageContaining(Integer.toString(quota));
  }

  @Test
  void name_isThatOfTheScheduler() {
    assertThat(policy).hasToString("first come, first served");
    assertThatNullPointerException().isThrownBy(() -> new Fifo(null, 1));
  }
}
