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
 * Two waiters are appended while the two oldest, the second of which is abandoned, are taken off:
 * no waiter is lost, and those that were there come first.
 */
@JCStressTest
@State
@Outcome(
    id = {"0 2 3 4", "0 2 4 3"},
    expect = ACCEPTABLE,
    desc = "in their order")
@Outcome(expect = FORBIDDEN, desc = "lost, twice or out of order")
public class WaitListPlusVsRest {
  private final Waiter[] waiters = new Waiter[5];
  private final AtomicReference<@Nullable WaitList<Waiter>> word = new AtomicReference<>();
  private String taken = "";

  public WaitListPlusVsRest() {
    for (int i = 0; i < waiters.length; i++) {
      waiters[i] = new Waiter(null);
    }
    for (int i = 0; i < 3; i++) {
      word.set(WaitList.plus(word.get(), waiters[i]));
    }
    boolean unused = waiters[1].abandon();
  }

  @Actor
  void plus3() {
    plus(word, waiters[3]);
  }

  @Actor
  void plus4() {
    plus(word, waiters[4]);
  }

  static void plus(AtomicReference<@Nullable WaitList<Waiter>> word, Waiter waiter) {
    WaitList<Waiter> before;
    do {
      before = word.get();
    } while (!word.compareAndSet(before, WaitList.plus(before, waiter)));
  }

  @Actor
  void take() {
    takeOldest();
  }

  @Arbiter
  void takeAll(L_Result r) {
    for (int i = 0; i < 6 && word.get() != null; i++) {
      takeOldest();
    }
    r.r1 = taken.strip();
  }

  private void takeOldest() {
    taken += " " + indexOf(waiters, take(word));
  }

  static Waiter take(AtomicReference<@Nullable WaitList<Waiter>> word) {
    WaitList<Waiter> before;
    WaitList<Waiter> rest;
    do {
      before = Objects.requireNonNull(word.get());
      rest = before.rest();
    } while (!word.compareAndSet(before, rest));
    before.isReplacedBy(rest);
    return before.oldest();
  }

  static int indexOf(Waiter[] waiters, Waiter waiter) {
    for (int i = 0; i < waiters.length; i++) {
      if (waiters[i] == waiter) {
        return i;
      }
    }
    return -1;
  }

  /** The mistake: it writes the word without comparing. */
  @JCStressTest
  @JCStressMeta(WaitListPlusVsRest.class)
  @State
  public static class Broken {
    private final Waiter[] waiters = new Waiter[5];
    private final AtomicReference<@Nullable WaitList<Waiter>> word = new AtomicReference<>();
    private String taken = "";

    public Broken() {
      for (int i = 0; i < waiters.length; i++) {
        waiters[i] = new Waiter(null);
      }
      for (int i = 0; i < 3; i++) {
        word.set(WaitList.plus(word.get(), waiters[i]));
      }
      boolean unused = waiters[1].abandon();
    }

    @Actor
    void plus3() {
      word.set(WaitList.plus(word.get(), waiters[3]));
    }

    @Actor
    void plus4() {
      word.set(WaitList.plus(word.get(), waiters[4]));
    }

    @Actor
    void take() {
      taken += " " + indexOf(waiters, WaitListPlusVsRest.take(word));
    }

    @Arbiter
    void takeAll(L_Result r) {
      for (int i = 0; i < 6 && word.get() != null; i++) {
        taken += " " + indexOf(waiters, WaitListPlusVsRest.take(word));
      }
      r.r1 = taken.strip();
    }
  }
}
