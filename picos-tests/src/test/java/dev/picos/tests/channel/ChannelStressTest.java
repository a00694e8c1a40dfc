package dev.picos.tests.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Run;
import dev.picos.tests.Canceled;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Many senders and receivers on two channels, in operations and in selects, each canceled at random
 * moments, after which it tries again: every item is received exactly once (EV-15).
 */
class ChannelStressTest {
  private static final RuntimeException AGAIN = new CancellationException("again");

  /** One run. */
  private static final class Play {
    private final Channel<Integer> a;
    private final Channel<Integer> b;
    private final int parties;
    private final int each;
    private final SplittableRandom random;
    private final AtomicReferenceArray<Computation<Object>> attempts;
    private final AtomicIntegerArray received;
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();

    Play(Channel<Integer> a, Channel<Integer> b, int parties, int each, long seed) {
      this.a = a;
      this.b = b;
      this.parties = parties;
      this.each = each;
      random = new SplittableRandom(seed);
      attempts = new AtomicReferenceArray<>(2 * parties);
      received = new AtomicIntegerArray(parties * each);
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
      fibers.add(() -> cancel(ofCanceler));
      Run.all(fibers);

      for (int item = 0; item < parties * each; item++) {
        assertThat(received.get(item)).as("item %s", item).isEqualTo(1);
      }
      assertThat(a).hasToString("Channel[0 items]");
      assertThat(b).hasToString("Channel[0 items]");
    }

    private void send(int number, SplittableRandom random) {
      for (int i = 0; i < each; i++) {
        int item = number * each + i;
        while (!attempt(2 * number, () -> sendOnce(item, random.nextInt(6)))) {}
      }
    }

    private boolean sendOnce(int item, int way) {
      switch (way) {
        case 0 -> a.send(item);
        case 1 -> {
          return b.trySend(item, Duration.ofNanos(100_000));
        }
        case 2 -> Event.select(a.sendEvent(item), b.sendEvent(item));
        case 3 -> {
          return Event.<Boolean>select(
              b.sendEvent(item).map(sent -> true),
              a.sendEvent(item).map(sent -> true),
              Event.timeout(Duration.ofNanos(50_000)).map(nothing -> false));
        }
        case 4 -> {
          return Event.<Boolean>select(
              a.receiveEvent().map(this::got),
              b.receiveEvent().map(this::got),
              a.sendEvent(item).map(sent -> true),
              b.sendEvent(item).map(sent -> true));
        }
        default -> {
          return a.trySend(item);
        }
      }
      return true;
    }

    private void receive(int number, SplittableRandom random) {
      while (count.get() < parties * each) {
        attempt(2 * number + 1, () -> receiveOnce(random.nextInt(5)));
      }
      ended.incrementAndGet();
    }

    private boolean receiveOnce(int way) {
      switch (way) {
        case 0 -> got(a.receive());
        case 1 -> got(b.receive());
        case 2 -> got(Event.select(a.receiveEvent(), b.receiveEvent()));
        default ->
            Event.<Boolean>select(b.receiveEvent().map(this::got), a.receiveEvent().map(this::got));
      }
      return true;
    }

    /** Returns {@code false}: the sender that receives meanwhile has not sent. */
    private boolean got(int item) {
      received.incrementAndGet(item);
      count.incrementAndGet();
      return false;
    }

    private boolean attempt(int slot, Supplier<Boolean> body) {
      Computation<Object> attempt = new Computation<>();
      attempts.set(slot, attempt);
      boolean[] result = {false};
      try {
        Canceled.under(attempt, () -> result[0] = body.get());
      } catch (CancellationException thrown) {
        assertThat(thrown).isSameAs(AGAIN);
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

  private static List<Supplier<Channel<Integer>>> kinds() {
    return List.of(
        Channel::rendezvous,
        () -> Channel.buffered(1),
        () -> Channel.buffered(3),
        Channel::unbounded);
  }

  @OnEveryScheduler
  void everyKindWithEveryKind(Scheduler scheduler) {
    // EV-15: nothing is lost and nothing comes twice, whatever the kinds of the channels
    for (Supplier<Channel<Integer>> a : kinds()) {
      for (Supplier<Channel<Integer>> b : kinds()) {
        scheduler.run(() -> new Play(a.get(), b.get(), 4, 25, 42).run());
      }
    }
  }

  @OnEveryScheduler
  void manyParties(Scheduler scheduler) {
    // EV-15: the same with more parties
    scheduler.run(() -> new Play(Channel.rendezvous(), Channel.buffered(2), 40, 20, 7).run());
    scheduler.run(() -> new Play(Channel.rendezvous(), Channel.rendezvous(), 40, 20, 8).run());
  }

  @Test
  void manySeeds() {
    // EV-15: the same in many orders of events
    int seeds = Boolean.getBoolean("picos.test.long") ? 20_000 : 400;
    for (int seed = 0; seed < seeds; seed++) {
      Play play =
          new Play(
              kinds().get(seed % 4).get(), kinds().get(seed / 4 % 3).get(), 2 + seed % 3, 4, seed);
      RandosScheduler.builder().seed(seed).build().run(play::run);
    }
  }
}
