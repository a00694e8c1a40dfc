package dev.picos.tests.channel;

import dev.picos.core.Scheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Run;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.Rounds;
import dev.picos.tests.Seeds;
import dev.picos.tests.linearizability.RandomPreemption;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever the kinds of two channels and the ways to use them, every item is received exactly once,
 * nobody is overlooked, and nothing is left.
 */
class ChannelStressTest {
  private static final int[] CAPACITIES = {0, 1, 3, -1};

  @OnEveryScheduler
  void everyKindWithEveryKind(Scheduler scheduler) {
    // items are neither lost nor received twice, with and without cancelation
    for (int a : CAPACITIES) {
      for (int b : CAPACITIES) {
        scheduler.run(() -> new Play(a, b, 4, 25, true, 42).run());
        scheduler.run(() -> new Play(a, b, 4, 25, false, 43).run());
      }
    }
  }

  @OnEveryScheduler
  void manyParties(Scheduler scheduler) {
    // the same with more parties
    scheduler.run(() -> new Play(0, 2, 40, 20, true, 7).run());
    scheduler.run(() -> new Play(0, 0, 40, 20, true, 8).run());
    scheduler.run(() -> new Play(0, 2, 40, 20, false, 9).run());
  }

  @Test
  void manySeeds() {
    // the same in many orders of fibers
    play(Seeds.some(Rounds.of(500, 20_000)));
  }

  /** The same when fibers are switched at any access to what they share. */
  @Test
  @Tag("explored")
  void manySeeds_switchingAnywhere() {
    RandomPreemption.during(() -> play(Seeds.all()));
  }

  /** Plays once with each seed, in an order of fibers that the seed decides. */
  private static void play(LongStream seeds) {
    seeds.forEach(
        seed -> {
          int a = CAPACITIES[Math.floorMod(seed, 4)];
          int b = CAPACITIES[Math.floorMod(seed / 4, 3)];
          Play play = new Play(a, b, 1 + Math.floorMod(seed, 3), 3, seed % 2 == 0, seed);
          try {
            randos(seed).run(play::run);
            randos(seed).run(ChannelStressTest::fillWhatIsTaken);
          } catch (Throwable thrown) {
            throw new AssertionError("with seed " + seed, thrown);
          }
        });
  }

  private static Scheduler randos(long seed) {
    return RandosScheduler.builder().seed(seed).virtualTime(true).build();
  }

  /** As many items are sent into a full buffer as are taken out of it: nobody is left to wait. */
  private static void fillWhatIsTaken() {
    Channel<Integer> channel = Channel.buffered(2);
    channel.send(0);
    channel.send(1);
    Run.all(
        () -> channel.send(2),
        () -> Event.select(channel.sendEvent(3), Event.never()),
        channel::receive,
        () -> Event.select(channel.receiveEvent(), Event.never()));
    if (!channel.toString().equals("Channel[2 items]")) {
      throw new AssertionError(channel);
    }
  }
}
