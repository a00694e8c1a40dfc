package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BagTest {
  private static List<Trigger> triggers(int count) {
    return Stream.generate(Trigger::new).limit(count).toList();
  }

  private static Bag with(Bag bag, List<Trigger> triggers) {
    for (Trigger trigger : triggers) {
      bag = bag.plus(trigger);
    }
    return bag;
  }

  private static Bag detach(Bag bag, Trigger trigger) {
    trigger.signal();
    return bag.minus(trigger);
  }

  /** What a completion would signal, in that order. */
  private static List<Trigger> signaled(Bag bag) {
    List<Trigger> signaled = new ArrayList<>();
    for (Bag rest = bag.inSignalingOrder(); !rest.isEmpty(); rest = rest.older()) {
      signaled.add(rest.newest);
    }
    return signaled;
  }

  @ParameterizedTest
  @EnumSource
  void empty_holdsNothing(Computation.Mode mode) {
    // an empty bag holds nothing, and the rest of it is empty too
    Bag bag = Bag.empty(mode);

    assertThat(bag.isEmpty()).isTrue();
    assertThat(bag.size()).isZero();
    assertThat(bag.older().isEmpty()).isTrue();
    assertThat(signaled(bag)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void minus_onEmptyBag(Computation.Mode mode) {
    // taking from an empty bag leaves that very bag
    Bag bag = Bag.empty(mode);

    Bag after = detach(bag, new Trigger());

    assertThat(after).isSameAs(bag);
  }

  @Test
  void signalingOrder_isThatOfTheMode() {
    // With FIFO the oldest is first, with LIFO the newest
    List<Trigger> triggers = triggers(5);

    Bag fifo = with(Bag.empty(Computation.Mode.FIFO), triggers);
    Bag lifo = with(Bag.empty(Computation.Mode.LIFO), triggers);

    assertThat(signaled(fifo)).isEqualTo(triggers);
    assertThat(signaled(lifo)).isEqualTo(triggers.reversed());
  }

  @ParameterizedTest
  @EnumSource
  void plus_leavesTheBagAsItWas(Computation.Mode mode) {
    // bags are immutable: adding to one and taking from it makes others
    List<Trigger> triggers = triggers(3);
    Bag bag = with(Bag.empty(mode), triggers.subList(0, 2));
    List<Trigger> before = signaled(bag);

    Bag larger = bag.plus(triggers.get(2));
    Bag smaller = detach(bag, triggers.get(0));

    assertThat(larger.size()).isEqualTo(3);
    assertThat(smaller).isNotSameAs(bag);
    assertThat(signaled(bag)).isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource
  void minus_ofTheNewest(Computation.Mode mode) {
    // taking the newest trigger gives back exactly the bag from before it came
    List<Trigger> triggers = triggers(3);
    Bag bag = with(Bag.empty(mode), triggers.subList(0, 2));

    Bag after = detach(bag.plus(triggers.get(2)), triggers.get(2));

    assertThat(after).isSameAs(bag);
  }

  @ParameterizedTest
  @EnumSource
  void minus_ofAll(Computation.Mode mode) {
    // once every trigger has been taken, in the order in which they came, few are left
    List<Trigger> triggers = triggers(100);
    Bag bag = with(Bag.empty(mode), triggers);

    for (Trigger trigger : triggers) {
      bag = detach(bag, trigger);
    }

    assertThat(bag.size()).isLessThanOrEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource
  void plus_afterMuchGarbage(Computation.Mode mode) {
    // The change that meets more garbage than life keeps the live triggers alone
    List<Trigger> triggers = triggers(4);
    Bag bag = with(Bag.empty(mode), triggers.subList(0, 3));
    bag = detach(bag, triggers.get(0));
    bag = detach(bag, triggers.get(1));

    bag = bag.plus(triggers.get(3));

    assertThat(signaled(bag))
        .containsExactlyInAnyOrder(triggers.get(2), triggers.get(3))
        .hasSize(bag.size());
  }

  @ParameterizedTest
  @EnumSource
  void minus_ofStrangers(Computation.Mode mode) {
    // taking triggers that are not held takes none of those that are
    List<Trigger> triggers = triggers(3);
    Bag bag = with(Bag.empty(mode), triggers);
    List<Trigger> before = signaled(bag);

    for (Trigger stranger : triggers(10)) {
      bag = detach(bag, stranger);
    }

    assertThat(signaled(bag)).isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource
  void duplicates_areHeldTwice(Computation.Mode mode) {
    // the same trigger may be held twice, and taking it once leaves the others alone
    List<Trigger> triggers = triggers(2);
    Bag bag = with(Bag.empty(mode), triggers).plus(triggers.get(0));

    Bag after = detach(bag, triggers.get(0));

    assertThat(bag.size()).isEqualTo(3);
    assertThat(signaled(after)).contains(triggers.get(1));
  }

  @ParameterizedTest
  @EnumSource
  void randomChanges_keepOrderAndBound(Computation.Mode mode) {
    // Whatever comes and goes, the live ones stay in order, with as much garbage at
    // most
    Random random = new Random(42);
    List<Trigger> live = new ArrayList<>();
    Bag bag = Bag.empty(mode);

    for (int step = 0; step < 20_000; step++) {
      boolean growing = step / 100 % 2 == 0;
      if (live.isEmpty() || random.nextInt(10) < (growing ? 7 : 3)) {
        Trigger trigger = new Trigger();
        live.add(trigger);
        bag = bag.plus(trigger);
      } else {
        bag = detach(bag, live.remove(random.nextInt(live.size())));
      }

      assertThat(bag.size()).isLessThanOrEqualTo(2 * live.size() + 2);
      if (step % 10 == 0) {
        List<Trigger> left = signaled(bag).stream().filter(t -> !t.isSignaled()).toList();
        assertThat(left).isEqualTo(mode == Computation.Mode.FIFO ? live : live.reversed());
      }
    }
  }
}
