package dev.picos.std.awaitable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Trigger;
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
 * An awaiter is appended while the oldest and one in the middle end, each of which makes the list
 * shorter: nobody who lives is lost, and they stay in order.
 */
@JCStressTest
@State
@Outcome(id = "1 3 4", expect = ACCEPTABLE, desc = "in their order")
@Outcome(expect = FORBIDDEN, desc = "lost, twice or out of order")
public class WaitListPlusVsLess {
  private final Awaiter[] awaiters = awaiters();
  private final AtomicReference<@Nullable WaitList> word = wordOf(awaiters);

  static Awaiter[] awaiters() {
    // Of an awaitable that does not know them: the word is here.
    AwaitableInt elsewhere = new AwaitableInt(0);
    Awaiter[] awaiters = new Awaiter[5];
    for (int i = 0; i < awaiters.length; i++) {
      awaiters[i] = new Awaiter(elsewhere, new Trigger(), null, 0);
    }
    return awaiters;
  }

  static AtomicReference<@Nullable WaitList> wordOf(Awaiter[] awaiters) {
    WaitList list = null;
    for (int i = 0; i < 4; i++) {
      list = WaitList.plus(list, awaiters[i]);
    }
    return new AtomicReference<>(list);
  }

  @Actor
  void plus4() {
    WaitList before;
    do {
      before = word.get();
    } while (!word.compareAndSet(before, WaitList.plus(before, awaiters[4])));
  }

  @Actor
  void end0() {
    end(word, awaiters[0]);
  }

  @Actor
  void end2() {
    end(word, awaiters[2]);
  }

  static void end(AtomicReference<@Nullable WaitList> word, Awaiter awaiter) {
    boolean unused = awaiter.remove();
    WaitList before;
    WaitList after;
    do {
      before = Objects.requireNonNull(word.get());
      after = before.less(1);
    } while (!word.compareAndSet(before, after));
    before.isReplacedBy(after);
  }

  @Arbiter
  void look(L_Result r) {
    r.r1 = live(word.get(), awaiters);
  }

  static String live(@Nullable WaitList list, Awaiter[] awaiters) {
    StringBuilder live = new StringBuilder();
    Awaiter awaiter = list == null ? null : list.oldest();
    for (int steps = 0; awaiter != null && steps < 10; steps++) {
      for (int i = 0; i < awaiters.length; i++) {
        if (awaiters[i] == awaiter && !awaiter.hasEnded()) {
          live.append(' ').append(i);
        }
      }
      awaiter = awaiter.laNext();
    }
    return live.toString().strip();
  }

  /** Gets wrong: writes the word without comparing. */
  @JCStressTest
  @JCStressMeta(WaitListPlusVsLess.class)
  @State
  public static class Broken {
    private final Awaiter[] awaiters = awaiters();
    private final AtomicReference<@Nullable WaitList> word = wordOf(awaiters);

    @Actor
    void plus4() {
      word.set(WaitList.plus(word.get(), awaiters[4]));
    }

    @Actor
    void end0() {
      end(word, awaiters[0]);
    }

    @Actor
    void end2() {
      end(word, awaiters[2]);
    }

    @Arbiter
    void look(L_Result r) {
      r.r1 = live(word.get(), awaiters);
    }
  }
}
