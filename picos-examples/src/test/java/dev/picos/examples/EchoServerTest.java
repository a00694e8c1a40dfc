package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EchoServerTest {
  private static final int ROUNDS = 30;
  private static final int CLIENTS = 5;

  @ParameterizedTest
  @EnumSource
  void canceledAtRandom_closesEverything(SchedulerKind kind) throws IOException {
    // whenever the server is canceled, it closes each socket once, and no fiber of it is left
    Random random = new Random(kind.ordinal());
    for (int round = 0; round < ROUNDS; round++) {
      EchoServer server = new EchoServer(0);
      Gauge sockets = new Gauge();
      int turns = random.nextInt(300);

      kind.create()
          .run(
              () ->
                  Flock.run(
                      OnReturn.TERMINATE,
                      () -> {
                        Flock.fork(server::serve);
                        for (int i = 0; i < CLIENTS; i++) {
                          EchoClient client = new EchoClient(server.address(), 100, 8, i, sockets);
                          Flock.fork(() -> ignoringHangUp(client));
                        }
                        for (int i = 0; i < turns; i++) {
                          Fiber.yield();
                        }
                      }));

      assertThat(server.fibers.open()).isZero();
      assertThat(server.sockets.open()).isZero();
      assertThat(sockets.open()).isZero();
    }
  }

  private static void ignoringHangUp(EchoClient client) {
    try {
      client.run();
    } catch (IOException hungUp) {
      // the server has closed before all messages were through
    }
  }
}
