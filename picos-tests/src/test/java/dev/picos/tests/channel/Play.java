package dev.picos.tests.channel;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Run;
import dev.picos.testing.fibers.Canceled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;

/**
 * One run of a test: many senders and receivers on two channels, in operations and in selects.
 * Either each is canceled at random moments, after which it tries again, so that whoever is
 * overlooked is soon woken; or nobody is, so that whoever is overlooked waits for ever. Throws if
 * an item is not received exactly once.
 */
final class Play {
  private static final RuntimeException AGAIN = new CancellationException("again");

  private final Channel<Integer> a;
  private final Channel<Integer> b;
  private final int capacityOfA;
  private final int capacityOfB;
  private final int parties;
  private final int each;
  private final boolean cancels;
  private final SplittableRandom random;
  private final AtomicReferenceArray<Computation<Object>> attempts;
  private final AtomicIntegerArray received;
  private final AtomicInteger count = new AtomicInteger();
  private final AtomicInteger ended = new AtomicInteger();

  /** A play on channels of these capacities, where -1 is without bounds. */
  Play(int capacityOfA, int capacityOfB, int parties, int each, boolean cancels, long seed) {
    this.a = channel(capacityOfA);
    this.b = channel(capacityOfB);
    this.capacityOfA = capacityOfA;
    this.capacityOfB = capacityOfB;
    this.parties = parties;
    this.each = each;
    this.cancels = cancels;
    random = new SplittableRandom(seed);
    attempts = new AtomicReferenceArray<>(2 * parties);
    received = new AtomicIntegerArray(parties * each);
  }

  private static Channel<Integer> channel(int capacity) {
    return switch (capacity) {
      case -1 -> Channel.unbounded();
      case 0 -> Channel.rendezvous();
      default -> Channel.buffered(capacity);
    };
  }

  void run() {
    List<Block<RuntimeException>> fibers = new ArrayList<>();
    for (int party = 0; party < parties; party++) {
      int number = party;
      SplittableRandom ofSender = random.split();
      SplittableRandom ofReceiver = random.split();
      fibers.add(() -> send(number, ofSender));
      fibers.add(() -> receive(number, ofReceiver));
    }
    SplittableRandom ofCanceler = random.split();
    if (cancels) {
      fibers.add(() -> cancel(ofCanceler));
    }
    Run.all(fibers);
    for (int item = 0; item < parties * each; item++) {
      require(received.get(item) == 1, "item " + item + ": " + received.get(item) + " times");
    }
    requireEmpty(a, capacityOfA);
    requireEmpty(b, capacityOfB);
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }

  /** Nothing is left and nobody waits, and there is as much room as there was. */
  private static void requireEmpty(Channel<Integer> channel, int capacity) {
    require(channel.toString().equals("Channel[0 items]"), channel.toString());
    for (int i = 0; i < capacity; i++) {
      require(channel.trySend(i), "room was lost: " + channel);
    }
    require(capacity < 0 || !channel.trySend(capacity), "room was gained: " + channel);
  }

  private void send(int number, SplittableRandom random) {
    for (int i = 0; i < each; i++) {
      int item = number * each + i;
      while (!attempt(2 * number, () -> sendOnce(item, random.nextInt(cancels ? 7 : 5)))) {}
    }
  }

  private boolean sendOnce(int item, int way) {
    switch (way) {
      case 0 -> {
        return b.trySend(item, Duration.ofNanos(100_000));
      }
      case 1 -> {
        return a.trySend(item);
      }
      case 2 -> {
        return Event.<Boolean>select(
            b.sendEvent(item).map(sent -> true),
            a.sendEvent(item).map(sent -> true),
            Event.timeout(Duration.ofNanos(50_000)).map(nothing -> false));
      }
      case 5 -> a.send(item);
      case 6 -> {
        return Event.<Boolean>select(
            a.receiveEvent().map(this::gotInstead),
            b.receiveEvent().map(this::gotInstead),
            a.sendEvent(item).map(sent -> true),
            b.sendEvent(item).map(sent -> true));
      }
      default -> Event.select(a.sendEvent(item), b.sendEvent(item));
    }
    return true;
  }

  private void receive(int number, SplittableRandom random) {
    for (int mine = 0; cancels ? count.get() < parties * each : mine < each; ) {
      mine += attempt(2 * number + 1, () -> receiveOnce(random.nextInt(cancels ? 6 : 4))) ? 1 : 0;
    }
    ended.incrementAndGet();
  }

  private boolean receiveOnce(int way) {
    switch (way) {
      case 0 -> {
        Outcome.Returned<Integer> item = b.tryReceive(Duration.ofNanos(100_000));
        return item != null && got(item.value());
      }
      case 1 -> {
        Outcome.Returned<Integer> item = a.receiveEvent().poll();
        return item != null && got(item.value());
      }
      case 4 -> got(a.receive());
      case 5 -> got(b.receive());
      default -> got(Event.select(b.receiveEvent(), a.receiveEvent()));
    }
    return true;
  }

  private boolean got(int item) {
    received.incrementAndGet(item);
    count.incrementAndGet();
    return true;
  }

  /** For a sender, which has not sent. */
  private boolean gotInstead(int item) {
    return !got(item);
  }

  /** Returns what {@code body} does, or {@code false} if it was canceled. */
  private boolean attempt(int slot, Supplier<Boolean> body) {
    Computation<Object> attempt = new Computation<>();
    attempts.set(slot, attempt);
    boolean[] result = {false};
    try {
      Canceled.under(attempt, () -> result[0] = body.get());
    } catch (CancellationException thrown) {
      require(thrown == AGAIN, "canceled by " + thrown);
    }
    Fiber.yield();
    return result[0];
  }

  private void cancel(SplittableRandom random) {
    while (ended.get() < parties) {
      Computation<Object> attempt = attempts.get(random.nextInt(2 * parties));
      if (attempt != null) {
        attempt.tryCancel(AGAIN);
      }
      Fiber.yield();
    }
  }
}
