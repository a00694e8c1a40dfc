package dev.picos.std.sync;

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
 * Two waiters are appended while the two oldest, of which the second is abandoned, are taken off:
 * nobody is lost, and those who were there come first.
 */
@JCStressTest
@State
@Outcome(
    id = {"0 2 3 4", "0 2 4 3"},
    expect = ACCEPTABLE,
    desc = "in their order")
@Outcome(expect = FORBIDDEN, desc = "lost, twice or out of order")
public class WaitQueuePlusVsTake {
  private final Waiter[] waiters = new Waiter[5];
  private final AtomicReference<@Nullable WaitQueue> word = new AtomicReference<>();
  private String taken = "";

  public WaitQueuePlusVsTake() {
    for (int i = 0; i < waiters.length; i++) {
      waiters[i] = new Waiter(null);
    }
    for (int i = 0; i < 3; i++) {
      word.set(WaitQueue.plus(word.get(), waiters[i]));
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

  static void plus(AtomicReference<@Nullable WaitQueue> word, Waiter waiter) {
    WaitQueue before;
    do {
      before = word.get();
    } while (!word.compareAndSet(before, WaitQueue.plus(before, waiter)));
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

  static Waiter take(AtomicReference<@Nullable WaitQueue> word) {
    WaitQueue before;
    do {
      before = Objects.requireNonNull(word.get());
    } while (!word.compareAndSet(before, before.rest()));
    before.oldestIsOff();
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

  /** Gets wrong: writes the word without comparing. */
  @JCStressTest
  @JCStressMeta(WaitQueuePlusVsTake.class)
  @State
  public static class Broken {
    private final Waiter[] waiters = new Waiter[5];
    private final AtomicReference<@Nullable WaitQueue> word = new AtomicReference<>();
    private String taken = "";

    public Broken() {
      for (int i = 0; i < waiters.length; i++) {
        waiters[i] = new Waiter(null);
      }
      for (int i = 0; i < 3; i++) {
        word.set(WaitQueue.plus(word.get(), waiters[i]));
      }
      boolean unused = waiters[1].abandon();
    }

    @Actor
    void plus3() {
      word.set(WaitQueue.plus(word.get(), waiters[3]));
    }

    @Actor
    void plus4() {
      word.set(WaitQueue.plus(word.get(), waiters[4]));
    }

    @Actor
    void take() {
      taken += " " + indexOf(waiters, WaitQueuePlusVsTake.take(word));
    }

    @Arbiter
    void takeAll(L_Result r) {
      for (int i = 0; i < 6 && word.get() != null; i++) {
        taken += " " + indexOf(waiters, WaitQueuePlusVsTake.take(word));
      }
      r.r1 = taken.strip();
    }
  }
}
