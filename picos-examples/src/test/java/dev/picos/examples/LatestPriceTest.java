package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.RepeatedTest;

/** One wait for several things: to receive, to send, and for time to pass. */
class LatestPriceTest {
  // region select
  /** Passes on prices, always the latest: a display that seldom looks misses some. */
  static void passOn(Channel<Integer> prices, Channel<Integer> display) {
    int latest = prices.receive();
    while (true) {
      latest =
          Event.select(
              prices.receiveEvent(), // there is a newer one
              display.sendEvent(latest).wrap(sent -> prices.receive()), // the display looks
              Event.timeout(Duration.ofMinutes(1)).wrap(late -> nobodyLooks()));
    }
  }

  // endregion

  private static Integer nobodyLooks() throws TimeoutException {
    throw new TimeoutException("nobody looks");
  }

  @RepeatedTest(20)
  void theLatestPriceIsPassedOn_untilNobodyLooks() {
    Channel<Integer> prices = Channel.rendezvous();
    Channel<Integer> display = Channel.rendezvous();

    assertThatThrownBy(
            () ->
                RandosScheduler.builder()
                    .virtualTime(true)
                    .build()
                    .run(
                        () ->
                            Bundle.run(
                                bundle -> {
                                  bundle.fork(() -> passOn(prices, display));
                                  prices.send(1);
                                  prices.send(2);
                                  assertThat(display.receive()).isEqualTo(2);
                                  prices.send(3);
                                })))
        .hasRootCauseInstanceOf(TimeoutException.class);
  }
}
