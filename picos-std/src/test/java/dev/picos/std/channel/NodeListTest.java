package dev.picos.std.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeListTest {
  private final NodeList<Object> list = new NodeList<>();

  private List<Node.Waiter<Object>> waiters(int count) {
    List<Node.Waiter<Object>> waiters = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Node.Waiter<Object> waiter = new Node.Waiter<>(false, null);
      assertThat(list.append(list.last(), waiter)).isTrue();
      waiters.add(waiter);
    }
    return waiters;
  }

  private void giveUp(Node.Waiter<Object> waiter) {
    assertThat(waiter.abandon()).isTrue();
    boolean unused = list.gaveUp();
  }

  private void meet(Node.Waiter<Object> waiter) {
    assertThat(waiter.decide(Node.WAITING, "item", null, null)).isTrue();
    list.met();
  }

  /** How many nodes, which are reachable from the head, live, or are dead. */
  private int count(boolean dead) {
    int count = 0;
    for (Node<Object> node = list.head(); node != null; node = list.after(node)) {
      count += node.isDead() == dead ? 1 : 0;
    }
    return count;
  }

  private void assertLittleGarbage() {
    int alive = count(false);
    // and the last, which stays
    assertThat(count(true)).as("dead besides %d that live", alive).isLessThanOrEqualTo(alive + 17);
  }

  @Test
  void manyGiveUpBesidesOne() {
    // where one goes on waiting, next to nothing is left of twenty thousand that give up
    Node.Waiter<Object> first = waiters(1).getFirst();
    for (Node.Waiter<Object> waiter : waiters(20_000)) {
      giveUp(waiter);
      assertThat(count(true)).isLessThanOrEqualTo(20_000);
    }
    assertLittleGarbage();
    assertThat(list.head().isDead()).isFalse();
    meet(first);
    assertThat(count(true)).isEqualTo(1);
  }

  @Test
  void manyGiveUpBehindMany_whichAreServed() {
    // what was little garbage beside many that waited is not kept when these have been served
    List<Node.Waiter<Object>> first = waiters(2_000);
    List<Node.Waiter<Object>> others = waiters(1_500);
    waiters(1);
    for (Node.Waiter<Object> waiter : others) {
      giveUp(waiter);
      assertLittleGarbage();
    }
    for (Node.Waiter<Object> waiter : first) {
      meet(waiter);
      assertLittleGarbage();
    }
    assertThat(count(false)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void anyOrder(int seed) {
    // whoever comes, gives up and is served: there is never more garbage than life, and sixteen
    Random random = new Random(seed);
    List<Node.Waiter<Object>> waiting = new ArrayList<>();
    for (int round = 0; round < 60; round++) {
      waiting.addAll(waiters(random.nextInt(100)));
      List<Node.Waiter<Object>> some =
          new ArrayList<>(waiting.subList(0, random.nextInt(waiting.size() + 1)));
      if (random.nextBoolean()) {
        Collections.shuffle(some, random);
        some.forEach(
            waiter -> {
              giveUp(waiter);
              assertLittleGarbage();
            });
      } else {
        some.forEach(
            waiter -> {
              meet(waiter);
              assertLittleGarbage();
            });
      }
      waiting.removeAll(some);
      assertThat(count(false)).isEqualTo(waiting.size());
    }
  }
}
