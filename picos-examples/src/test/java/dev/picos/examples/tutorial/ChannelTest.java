package dev.picos.examples.tutorial;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Outcome;
import dev.picos.examples.tutorial.ChannelMistakes.ThrowsAlthoughItWasMet;
import dev.picos.examples.tutorial.ChannelMistakes.WithdrawsWhilePermitted;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The channel of the tutorial works in many orders; each mistake fails in one of them. */
class ChannelTest {
  private static final Outcome<String> CANCELED = new Outcome.Canceled<>(Task.REASON);

  static void passOn(Channel<Integer> channel) {
    List<Task<Object>> senders =
        IntStream.range(0, 3).mapToObj(i -> Task.start(() -> channel.send(i))).toList();
    List<Task<Integer>> receivers =
        Stream.generate(() -> Task.start(channel::receive)).limit(3).toList();
    senders.get(0).life().tryReturn(null);
    receivers.get(0).life().tryReturn(null);
    assertThat(receivers.stream().map(Task::await)).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(senders).noneMatch(Task::wasCanceled);
  }

  static void cancelSender(Channel<String> channel) {
    Task<Object> sender = Task.start(() -> channel.send("item"));
    Task<String> receiver = Task.start(channel::receive);
    Task.pause();
    sender.cancel();
    if (sender.wasCanceled()) { // so it has sent nothing, and nobody has received it
      receiver.cancel();
      assertThat(receiver.outcome()).isEqualTo(CANCELED);
    }
    assertThat(channel.senders).isEmpty();
  }

  static void cancelReceiver(Channel<String> channel) {
    Task<String> receiver = Task.start(channel::receive);
    Task<Object> sender = Task.start(() -> channel.send("item"));
    Task.pause();
    receiver.cancel();
    if (receiver.wasCanceled()) { // so it has taken nothing, and the item is still there
      sender.cancel();
      assertThat(sender.outcome()).isEqualTo(CANCELED);
    }
    assertThat(channel.receivers).isEmpty();
  }

  @Test
  void channel_works() {
    // each item is received once or not sent, and nothing is left behind
    Orders.tryAll(() -> passOn(new Channel<>()));
    Orders.tryAll(() -> cancelSender(new Channel<>()));
    Orders.tryAll(() -> cancelReceiver(new Channel<>()));
  }

  @Test
  void throwsAlthoughItWasMet_senderHasSentAllTheSame() {
    assertThat(Orders.failure(() -> cancelSender(new ThrowsAlthoughItWasMet<>())))
        .hasMessageContaining("Returned[value=item]");
  }

  @Test
  void throwsAlthoughItWasMet_receiverHasLostTheItem() {
    assertThat(Orders.failure(() -> cancelReceiver(new ThrowsAlthoughItWasMet<>())))
        .hasMessageContaining("Returned[value=done]");
  }

  @Test
  void withdrawsWhilePermitted_leavesAGhost() {
    assertThat(Orders.failure(() -> cancelSender(new WithdrawsWhilePermitted<>())))
        .isInstanceOf(AssertionError.class);
  }
}
