package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/**
 * Two threads publish while a third one reads the first value and then taps; in the end 3 is
 * published. Nothing is lost, what was read stays first, and the tap comes after it.
 */
@JCStressTest
@State
@Outcome(
    id = {"1, 1 2 3, 2 3", "1, 1 2 3, 3", "2, 2 1 3, 1 3", "2, 2 1 3, 3"},
    expect = ACCEPTABLE,
    desc = "one after the other, and the tap before or after the second")
@Outcome(expect = FORBIDDEN, desc = "lost, out of order, or the tap before what was read")
public class BroadcastPublishVsPublishVsRead {
  private final Broadcast<Integer> broadcast = new Broadcast<>();
  private final Broadcast.Cursor<Integer> start = broadcast.tap();
  private Broadcast.Cursor<Integer> tapped = start;

  @Actor
  void publish1() {
    broadcast.publish(1);
  }

  @Actor
  void publish2() {
    broadcast.publish(2);
  }

  @Actor
  void read(LLL_Result r) {
    r.r1 = start.read();
    tapped = broadcast.tap();
  }

  @Arbiter
  void look(LLL_Result r) {
    broadcast.publish(3);
    r.r2 = valuesFrom(start);
    r.r3 = valuesFrom(tapped);
  }

  private static String valuesFrom(Broadcast.Cursor<Integer> start) {
    StringBuilder values = new StringBuilder();
    for (Broadcast.Cursor<Integer> at = start; at.peek() != null; at = at.next()) {
      values.append(' ').append(at.read());
    }
    return values.substring(1);
  }

  /** The mistake: it links to the end that was there a moment ago. */
  @JCStressTest
  @JCStressMeta(BroadcastPublishVsPublishVsRead.class)
  @State
  public static class Broken {
    private static final class Node {
      final int value;
      volatile @Nullable Node next;

      Node(int value) {
        this.value = value;
      }
    }

    private final Node start = new Node(0);
    private volatile Node tail = start;
    private Node tapped = start;

    private void publish(int value) {
      Node node = new Node(value);
      tail.next = node;
      tail = node;
    }

    @Actor
    void publish1() {
      publish(1);
    }

    @Actor
    void publish2() {
      publish(2);
    }

    @Actor
    void read(LLL_Result r) {
      Node first;
      while ((first = start.next) == null) {
        Thread.onSpinWait();
      }
      r.r1 = first.value;
      tapped = tail;
    }

    @Arbiter
    void look(LLL_Result r) {
      publish(3);
      r.r2 = valuesAfter(start);
      r.r3 = valuesAfter(tapped);
    }

    private static String valuesAfter(Node start) {
      StringBuilder values = new StringBuilder();
      for (Node at = start.next; at != null; at = at.next) {
        values.append(' ').append(at.value);
      }
      return values.toString().strip();
    }
  }
}
