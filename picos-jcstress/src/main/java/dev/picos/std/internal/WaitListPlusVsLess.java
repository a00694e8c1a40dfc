package dev.picos.std.internal;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * A waiter is appended while the oldest and one in the middle end, each of which makes the list
 * shorter: no live waiter is lost, and they stay in order.
 */
@JCStressTest
@State
@Outcome(id = "1 3 4", expect = ACCEPTABLE, desc = "in their order")
@Outcome(expect = FORBIDDEN, desc = "lost, twice or out of order")
public class WaitListPlusVsLess {
  private final Waiter[] waiters = waiters();
  private final AtomicReference<@Nullable WaitList<Waiter>> word = wordOf(waiters);

  static Waiter[] waiters() {
    Waiter[] waiters = new Waiter[5];
    for (int i = 0; i < waiters.length; i++) {
      waiters[i] = new Waiter(null);
    }
    return waiters;
  }

  static AtomicReference<@Nullable WaitList<Waiter>> wordOf(Waiter[] waiters) {
    WaitList<Waiter> list = null;
    for (int i = 0; i < 4; i++) {
      list = WaitList.plus(list, waiters[i]);
    }
    return new AtomicReference<>(list);
  }

  @Actor
  void plus4() {
    WaitList<Waiter> before;
    do {
      before = word.get();
    } while (!word.compareAndSet(before, WaitList.plus(before, waiters[4])));
  }

  @Actor
  void end0() {
    end(word, waiters[0]);
  }

  @Actor
  void end2() {
    end(word, waiters[2]);
  }

  static void end(AtomicReference<@Nullable WaitList<Waiter>> word, Waiter waiter) {
    boolean unused = waiter.abandon();
    WaitList<Waiter> before;
    WaitList<Waiter> after;
    do {
      before = Objects.requireNonNull(word.get());
      after = before.less(1);
    } while (!word.compareAndSet(before, after));
    before.isReplacedBy(after);
  }

  @Arbiter
  void look(L_Result r) {
    r.r1 = live(word.get(), waiters);
  }

  static String live(@Nullable WaitList<Waiter> list, Waiter[] waiters) {
    StringBuilder live = new StringBuilder();
    Waiter waiter = list == null ? null : list.oldest();
    for (int steps = 0; waiter != null && steps < 10; steps++) {
      for (int i = 0; i < waiters.length; i++) {
        if (waiters[i] == waiter && !waiter.hasEnded()) {
          live.append(' ').append(i);
        }
      }
      waiter = list.after(waiter);
    }
    return live.toString().strip();
  }

  /** The mistake: it writes the word without comparing. */
  @JCStressTest
  @JCStressMeta(WaitListPlusVsLess.class)
  @State
  public static class Broken {
    private final Waiter[] waiters = waiters();
    private final AtomicReference<@Nullable WaitList<Waiter>> word = wordOf(waiters);

    @Actor
    void plus4() {
      word.set(WaitList.plus(word.get(), waiters[4]));
    }

    @Actor
    void end0() {
      end(word, waiters[0]);
    }

    @Actor
    void end2() {
      end(word, waiters[2]);
    }

    @Arbiter
    void look(L_Result r) {
      r.r1 = live(word.get(), waiters);
    }
  }
}
