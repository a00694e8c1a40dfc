package dev.picos.tests.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.structured.Bundle;
import dev.picos.std.sync.Ivar;
import dev.picos.tests.Seeds;
import dev.picos.tests.linearizability.RandomPreemption;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Publishers in many orders, with a switch of fibers before any access to what they share. */
@Tag("explored")
class FlowOrdersTest {
  /** Whenever the channel is closed, a subscriber that asks for nothing is told of it. */
  @Test
  void publisher_endsWithoutDemand() {
    for (long seed : Seeds.all().toArray()) {
      RandosScheduler scheduler = RandosScheduler.builder().seed(seed).closedWorld(true).build();
      RandomPreemption.during(
          () ->
              scheduler.run(
                  () ->
                      Bundle.run(
                          bundle -> {
                            Channel<Integer> channel = Channel.rendezvous();
                            Ivar<String> end = new Ivar<>();
                            channel.publisher(bundle).subscribe(new Idle(end));
                            channel.close();
                            assertThat(end.read()).isEqualTo("complete");
                          })));
    }
  }

  /** Neither is it told too late when the last item is taken by somebody else at that moment. */
  @Test
  void publisher_endsWhenOthersTakeTheRest() {
    for (long seed : Seeds.all().toArray()) {
      RandosScheduler scheduler = RandosScheduler.builder().seed(seed).closedWorld(true).build();
      RandomPreemption.during(
          () ->
              scheduler.run(
                  () ->
                      Bundle.run(
                          bundle -> {
                            Channel<Integer> channel = Channel.buffered(1);
                            Ivar<String> end = new Ivar<>();
                            channel.send(1);
                            channel.publisher(bundle).subscribe(new Idle(end));
                            bundle.fork(channel::close);
                            assertThat(channel.receive()).isEqualTo(1);
                            assertThat(end.read()).isEqualTo("complete");
                          })));
    }
  }

  /** Asks for nothing. */
  private record Idle(Ivar<String> end) implements Flow.Subscriber<Integer> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {}

    @Override
    public void onNext(Integer item) {
      throw new AssertionError("not asked for: " + item);
    }

    @Override
    public void onError(Throwable error) {
      end.fill("failed with " + error);
    }

    @Override
    public void onComplete() {
      end.fill("complete");
    }
  }
}
