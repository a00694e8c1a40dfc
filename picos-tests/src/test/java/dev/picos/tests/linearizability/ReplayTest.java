package dev.picos.tests.linearizability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.sync.Mutex;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A seed means the same order each time, with a switch of fibers before any access, too. */
@Tag("explored")
class ReplayTest {
  /** Whatever ran before it on the same threads. */
  @Test
  void seed_meansTheSameOrderAgain() {
    List<List<String>> first = orders();

    assertThat(orders()).isEqualTo(first);
    assertThat(first.stream().distinct().count()).isGreaterThan(Seeds.COUNT / 2);
  }

  private static List<List<String>> orders() {
    List<List<String>> orders = new ArrayList<>();
    for (long seed : Seeds.all().toArray()) {
      List<String> order = new ArrayList<>();
      RandosScheduler scheduler = RandosScheduler.builder().seed(seed).closedWorld(true).build();
      RandomPreemption.during(() -> scheduler.run(() -> program(order)));
      orders.add(order);
    }
    return orders;
  }

  /** Fibers that wait for each other, one of which is canceled. */
  private static void program(List<String> order) {
    Mutex mutex = new Mutex();
    Channel<String> channel = Channel.rendezvous();
    List<Computation<Object>> ends = new ArrayList<>();
    for (String name : List.of("a", "b", "c")) {
      ends.add(
          Fibers.start(
              () -> {
                mutex.lock();
                order.add(name + " locks");
                mutex.unlock();
                order.add(name + " unlocks");
                channel.send(name);
                return order.add(name + " is rid of it");
              }));
    }
    Computation<Object> scope = new Computation<>();
    Computation<Object> receiver =
        Fibers.startUnder(
            scope,
            () -> {
              while (true) {
                order.add("received from " + channel.receive());
              }
            });
    for (int i = 0; i < 3; i++) {
      order.add("main received from " + channel.tryReceive());
      Fiber.yield();
    }
    scope.tryCancel(new CancellationException());
    receiver.join();
    for (Computation<Object> end : ends) {
      while (end.isRunning()) {
        order.add("main received from " + channel.tryReceive());
        Fiber.yield();
      }
    }
  }
}
