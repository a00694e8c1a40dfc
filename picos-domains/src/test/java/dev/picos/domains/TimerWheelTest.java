package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimerWheelTest {
  private static final long DAY = 1_318_359_375L; // in ticks of 65,536 nanoseconds

  private final List<Long> due = new ArrayList<>();

  private static Timeout timeout(long deadline) {
    return new Timeout(deadline, new Computation<>(), new IllegalStateException());
  }

  private void advance(TimerWheel wheel, long tick) {
    wheel.advance(tick, timeout -> due.add(timeout.deadline));
  }

  @Test
  void emptyWheel_hasNothingToDo() {
    // without timeouts there is no next tick, however far one advances
    TimerWheel wheel = new TimerWheel(0);

    advance(wheel, 5 * DAY);

    assertThat(wheel.nextTick()).isEqualTo(TimerWheel.NEVER);
    assertThat(due).isEmpty();
  }

  @Test
  void timeout_comesOutAtItsTick() {
    // not a tick before its deadline, and then at once
    TimerWheel wheel = new TimerWheel(0);
    wheel.add(timeout(1_000));

    advance(wheel, 999);
    List<Long> before = List.copyOf(due);
    advance(wheel, 1_000);

    assertThat(before).isEmpty();
    assertThat(due).containsExactly(1_000L);
    assertThat(wheel.nextTick()).isEqualTo(TimerWheel.NEVER);
  }

  @Test
  void timeout_whoseDeadlineHasPassed_comesOutAtTheNextAdvance() {
    // a deadline of now or of the past is due at once
    TimerWheel wheel = new TimerWheel(500);
    wheel.add(timeout(500));
    wheel.add(timeout(3));

    long next = wheel.nextTick();
    advance(wheel, 500);

    assertThat(next).isLessThanOrEqualTo(500);
    assertThat(due).containsExactlyInAnyOrder(500L, 3L);
  }

  @Test
  void timeouts_comeOutInTheOrderOfTicks() {
    // one advance over many deadlines, on all levels, hands them out by their ticks
    TimerWheel wheel = new TimerWheel(7);
    long[] deadlines = {9, 70, 71, 72, 5_000, 300_000, 300_001, 20_000_000, 2 * DAY, 900 * DAY};
    for (int i = deadlines.length - 1; i >= 0; i--) {
      wheel.add(timeout(deadlines[i]));
    }

    advance(wheel, 1_000 * DAY);

    assertThat(due).hasSize(deadlines.length).isSorted();
  }

  @Test
  void greatestDeadline_isNotForgotten() {
    // the greatest deadline comes out when its time has come, and lower ones before it
    TimerWheel wheel = new TimerWheel(0);
    wheel.add(timeout(TimerWheel.MAX_DEADLINE));
    wheel.add(timeout(TimerWheel.MAX_DEADLINE - 1));

    advance(wheel, TimerWheel.MAX_DEADLINE - 1);
    List<Long> before = List.copyOf(due);
    advance(wheel, TimerWheel.MAX_DEADLINE);

    assertThat(before).containsExactly(TimerWheel.MAX_DEADLINE - 1);
    assertThat(due).containsExactly(TimerWheel.MAX_DEADLINE - 1, TimerWheel.MAX_DEADLINE);
  }

  @Test
  void remove_takesJustThatOne() {
    // removing the first, the middle or the last of those in one slot leaves the others
    TimerWheel wheel = new TimerWheel(0);
    List<Timeout> timeouts = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      timeouts.add(timeout(40));
      wheel.add(timeouts.get(i));
    }

    wheel.remove(timeouts.get(0));
    wheel.remove(timeouts.get(2));
    wheel.remove(timeouts.get(4));
    wheel.advance(40, timeout -> due.add((long) timeouts.indexOf(timeout)));

    assertThat(due).containsExactlyInAnyOrder(1L, 3L);
    assertThat(timeouts).noneMatch(Timeout::isInWheel);
  }

  @Test
  void removeOfTheOnlyOne_leavesNothingToDo() {
    // nothing reminds of a timeout that was removed
    TimerWheel wheel = new TimerWheel(0);
    Timeout timeout = timeout(100_000);
    wheel.add(timeout);

    wheel.remove(timeout);

    assertThat(wheel.nextTick()).isEqualTo(TimerWheel.NEVER);
    assertThat(timeout.isInWheel()).isFalse();
  }

  @Test
  void wheelThatHasRunForDays_takesTimeouts() {
    // 40 hours after its start a wheel works as on the first day, on every level
    TimerWheel wheel = new TimerWheel(0);
    long now = 40 * DAY / 24;
    advance(wheel, now);

    for (long delay = 0; delay < DAY; delay = 2 * delay + 1) {
      wheel.add(timeout(now + delay));
    }
    advance(wheel, now + DAY);

    assertThat(due).hasSize(31).isSorted();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 63, 64, 65, 4_095, 4_096, 1L << 31, 1L << 41, TimerWheel.MAX_DEADLINE})
  void sleepingUntilNextTick_findsTheDeadlineInFewSteps(long deadline) {
    // whoever sleeps from next tick to next tick wakes once a level at most, never after the
    // deadline, and gets the timeout exactly then
    TimerWheel wheel = new TimerWheel(0);
    wheel.add(timeout(deadline));
    List<Long> ticks = new ArrayList<>();

    for (long next = wheel.nextTick(); next != TimerWheel.NEVER; next = wheel.nextTick()) {
      ticks.add(next);
      advance(wheel, next);
    }

    assertThat(ticks).isSorted().doesNotHaveDuplicates().hasSizeBetween(1, 8);
    assertThat(ticks).last().isEqualTo(deadline);
    assertThat(due).containsExactly(deadline);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000, (1L << 31) - 100_000, 1L << 36, (1L << 42) - 5, 1L << 47})
  void randomUse_isAsThatOfASortedMap(long start) {
    // adds, removes and advances at random: what comes out, and when, is what a sorted map says
    for (int seed = 0; seed < 60; seed++) {
      new Model(start, seed).run(2_000);
    }
  }

  /** A wheel beside a sorted map, and somebody who uses both at random. */
  private static final class Model {
    private final SplittableRandom random;
    private final String name;
    private final TimerWheel wheel;
    private final TreeMap<Long, List<Timeout>> sorted = new TreeMap<>();
    private final Map<Timeout, Long> dueAt = new HashMap<>();
    private final List<Timeout> set = new ArrayList<>();
    private long now;

    Model(long start, int seed) {
      random = new SplittableRandom(seed);
      name = "start " + start + ", seed " + seed;
      wheel = new TimerWheel(start);
      now = start;
    }

    void run(int steps) {
      for (int step = 0; step < steps; step++) {
        switch (random.nextInt(8)) {
          case 0, 1, 2, 3 -> add();
          case 4 -> remove();
          case 5 -> advanceTo(Math.min(now + anyLength(), TimerWheel.MAX_DEADLINE));
          case 6 -> advanceTo(now + random.nextInt(70));
          default -> advanceTo(Math.max(now, Math.min(wheel.nextTick(), now + (1L << 40))));
        }
        checkNext();
      }
      advanceTo(Math.max(now, TimerWheel.MAX_DEADLINE));
      assertThat(wheel.nextTick()).as(name).isEqualTo(TimerWheel.NEVER);
      assertThat(sorted).as(name).isEmpty();
    }

    /** Any length from nothing to months, each magnitude as likely. */
    private long anyLength() {
      return random.nextLong(1L << random.nextInt(1, 38));
    }

    private void add() {
      long deadline = Math.min(now - 3 + anyLength(), TimerWheel.MAX_DEADLINE);
      Timeout timeout = timeout(Math.max(0, deadline));
      wheel.add(timeout);
      long tick = Math.max(timeout.deadline, now);
      dueAt.put(timeout, tick);
      sorted.computeIfAbsent(tick, at -> new ArrayList<>()).add(timeout);
      set.add(timeout);
    }

    private void remove() {
      if (set.isEmpty()) {
        return;
      }
      Timeout timeout = set.remove(random.nextInt(set.size()));
      wheel.remove(timeout);
      forget(timeout);
    }

    private void forget(Timeout timeout) {
      Long tick = dueAt.remove(timeout);
      assertThat(tick).as("%s: a timeout that is not set came out", name).isNotNull();
      List<Timeout> those = sorted.get(tick);
      those.remove(timeout);
      if (those.isEmpty()) {
        sorted.remove(tick);
      }
    }

    private void advanceTo(long tick) {
      List<Timeout> out = new ArrayList<>();
      wheel.advance(tick, out::add);
      long last = Long.MIN_VALUE;
      for (Timeout timeout : out) {
        long at = dueAt.getOrDefault(timeout, Long.MAX_VALUE);
        assertThat(at).as("%s: early, or unknown", name).isLessThanOrEqualTo(tick);
        assertThat(at).as("%s: not in order", name).isGreaterThanOrEqualTo(last);
        assertThat(timeout.isInWheel()).as(name).isFalse();
        last = at;
        forget(timeout);
      }
      set.removeAll(out);
      now = tick;
      if (!sorted.isEmpty()) {
        assertThat(sorted.firstKey()).as("%s: missed", name).isGreaterThan(tick);
      }
    }

    private void checkNext() {
      long next = wheel.nextTick();
      if (sorted.isEmpty()) {
        assertThat(next).as(name).isEqualTo(TimerWheel.NEVER);
        return;
      }
      long first = sorted.firstKey();
      assertThat(next).as("%s: would sleep over a deadline", name).isLessThanOrEqualTo(first);
      if (first >>> 6 == now >>> 6) {
        assertThat(next).as("%s: in the present round, so exact", name).isEqualTo(first);
      } else {
        assertThat(next).as("%s: would not sleep", name).isGreaterThan(now);
      }
    }
  }
}
