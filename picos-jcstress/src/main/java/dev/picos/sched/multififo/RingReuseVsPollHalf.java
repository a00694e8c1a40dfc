package dev.picos.sched.multififo;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * The owner of a full queue uses its slots again as soon as it can, while one domain takes two
 * elements, the half, and another takes one: each element is taken once, and none is lost.
 */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "what was added was taken, once")
@Outcome(expect = FORBIDDEN, desc = "one was lost, or taken twice")
public class RingReuseVsPollHalf {
  private final Ring<Integer> ring = new Ring<>(4);
  private final Ring<Integer> half = new Ring<>(2);
  private final Taken one = new Taken();
  private final Taken other = new Taken();
  private final Taken rest = new Taken();
  private final Taken added = new Taken();

  /** Elements, each of them a bit of its own. */
  static final class Taken {
    int sum;
    int bits;

    void add(Integer element) {
      if (element != null) {
        sum += element;
        bits |= element;
      }
    }
  }

  public RingReuseVsPollHalf() {
    offer(1);
    offer(2);
    offer(4);
    offer(8);
  }

  private void offer(Integer element) {
    if (ring.offer(element)) {
      added.add(element);
    }
  }

  @Actor
  void owner() {
    offer(16);
    offer(32);
    offer(64);
  }

  @Actor
  void one() {
    one.add(ring.pollHalf(half, 1));
  }

  @Actor
  void other() {
    other.add(ring.poll());
  }

  @Arbiter
  void count(ZZ_Result r) {
    drain(half);
    drain(ring);
    int bits = one.bits | other.bits | rest.bits;
    r.r1 = bits == added.bits;
    r.r2 = one.sum + other.sum + rest.sum == added.sum;
  }

  private void drain(Ring<Integer> from) {
    for (Integer element = from.poll(); element != null; element = from.poll()) {
      rest.add(element);
    }
  }

  /** The mistake: the owner goes by the head, which is moved before the elements have been read. */
  @JCStressTest
  @JCStressMeta(RingReuseVsPollHalf.class)
  @State
  public static class Broken {
    private final Integer[] slots = new Integer[4];
    private final AtomicInteger head = new AtomicInteger();
    private final AtomicInteger tail = new AtomicInteger();
    private final Taken one = new Taken();
    private final Taken other = new Taken();
    private final Taken rest = new Taken();
    private final Taken added = new Taken();

    public Broken() {
      offer(1);
      offer(2);
      offer(4);
      offer(8);
    }

    private void offer(Integer element) {
      int number = tail.get();
      if (number - head.get() < slots.length) {
        slots[number % slots.length] = element;
        tail.set(number + 1);
        added.add(element);
      }
    }

    private void poll(int most, Taken by) {
      for (; ; ) {
        int number = head.get();
        int count = Math.min(most, tail.get() - number);
        if (count == 0) {
          return;
        }
        if (head.compareAndSet(number, number + count)) {
          for (int i = 0; i < count; i++) {
            by.add(slots[(number + i) % slots.length]);
          }
          return;
        }
      }
    }

    @Actor
    void owner() {
      offer(16);
      offer(32);
      offer(64);
    }

    @Actor
    void one() {
      poll(2, one);
    }

    @Actor
    void other() {
      poll(1, other);
    }

    @Arbiter
    void count(ZZ_Result r) {
      poll(4, rest);
      int bits = one.bits | other.bits | rest.bits;
      r.r1 = bits == added.bits;
      r.r2 = one.sum + other.sum + rest.sum == added.sum;
    }
  }
}
