package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.resource.Owned;
import dev.picos.std.resource.Using;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.Rounds;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One fiber accepts connections and others serve them; whenever the server is canceled, each
 * connection is closed once.
 */
class AcceptLoopTest {
  private static final int ROUNDS = Rounds.of(1_000, 10_000);
  private static final int ROUNDS_WITH_SOCKETS = Rounds.of(25, 250);

  private final ConcurrentLinkedQueue<Tracked> accepted = new ConcurrentLinkedQueue<>();
  private final AtomicInteger served = new AtomicInteger();

  private Tracked accept() {
    Fiber.yield();
    Tracked connection = new Tracked();
    accepted.add(connection);
    return connection;
  }

  private static void close(Tracked connection) {
    Fiber.yield();
    connection.release();
  }

  private void serve(Tracked connection) {
    served.incrementAndGet();
    for (int i = 0; i < 3; i++) {
      connection.use();
      Fiber.yield();
    }
    connection.use();
  }

  private void cancelAtRandom(
      Scheduler scheduler, Random random, BlockWith<Bundle, RuntimeException> accepting) {
    scheduler.run(
        () -> {
          for (int round = 0; round < ROUNDS; round++) {
            RuntimeException reason =
                round % 2 == 0 ? new CancellationException("reason") : new TerminateException();
            Computation<Object> computation = new Computation<>();
            Computation<Object> server =
                Fibers.startUnder(
                    computation,
                    () -> {
                      Bundle.run(accepting);
                      return "never";
                    });
            for (int i = random.nextInt(40); i > 0; i--) {
              Fiber.yield();
            }
            computation.tryCancel(reason);

            assertThatThrownBy(server::await).isSameAs(reason).hasNoSuppressedExceptions();
            assertThat(accepted).allMatch(connection -> connection.releases() == 1);
            accepted.clear();
          }
        });
    assertThat(served).hasPositiveValue();
  }

  @OnEveryScheduler
  void canceledAtRandom(Scheduler scheduler) {
    // servers that share the computation of the accepting fiber
    cancelAtRandom(
        scheduler,
        new Random(18),
        bundle -> {
          for (; ; ) {
            Owned.run(
                this::accept,
                AcceptLoopTest::close,
                connection -> {
                  bundle.fork(() -> connection.runMoved(this::serve));
                });
          }
        });
  }

  @OnEveryScheduler
  void canceledAtRandom_promises(Scheduler scheduler) {
    // servers with computations of their own, which the cancelation may reach a little later
    cancelAtRandom(
        scheduler,
        new Random(19),
        bundle -> {
          for (; ; ) {
            Owned.run(
                this::accept,
                AcceptLoopTest::close,
                connection ->
                    bundle.forkAsPromise(
                        () -> {
                          connection.runMoved(this::serve);
                          return "served";
                        }));
          }
        });
  }

  @OnEveryScheduler
  void canceledAtRandom_transferred(Scheduler scheduler) {
    // connections that go through a second fiber
    cancelAtRandom(
        scheduler,
        new Random(20),
        bundle -> {
          for (; ; ) {
            Owned.run(
                this::accept,
                AcceptLoopTest::close,
                connection -> {
                  bundle.fork(
                      () ->
                          connection.runTransferred(
                              mine -> {
                                mine.runBorrowed(Tracked::use);
                                bundle.fork(() -> mine.runMoved(this::serve));
                              }));
                });
          }
        });
  }

  @OnEveryScheduler
  void sockets_canceledAtRandom(Scheduler scheduler) throws IOException {
    // real connections over the loopback interface
    Random random = new Random(21);
    List<SocketChannel> sockets = new ArrayList<>();
    AtomicInteger closed = new AtomicInteger();
    for (int round = 0; round < ROUNDS_WITH_SOCKETS; round++) {
      scheduler.run(
          () ->
              Using.run(
                  AcceptLoopTest::listen,
                  ServerSocketChannel::close,
                  listener -> {
                    InetSocketAddress address = (InetSocketAddress) listener.getLocalAddress();
                    Flock.run(
                        OnReturn.TERMINATE,
                        () -> {
                          for (int i = 0; i < 3; i++) {
                            Flock.fork(() -> untilRefused(() -> talk(address)));
                          }
                          var server =
                              Flock.forkAsPromise(
                                  () -> {
                                    Flock.run(() -> acceptAll(listener, sockets, closed));
                                    return "never";
                                  });
                          for (int i = random.nextInt(200); i > 0; i--) {
                            Fiber.yield();
                          }
                          server.terminate();
                        });
                  }));
      assertThat(sockets).noneMatch(SocketChannel::isOpen);
      assertThat(closed).hasValue(sockets.size());
    }
  }

  private static ServerSocketChannel listen() throws IOException {
    return ServerSocketChannel.open()
        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private static void acceptAll(
      ServerSocketChannel listener, List<SocketChannel> sockets, AtomicInteger closed)
      throws IOException {
    for (; ; ) {
      Owned.run(
          () -> {
            SocketChannel socket = Control.callInterruptible(listener::accept);
            sockets.add(socket);
            return socket;
          },
          socket -> {
            closed.incrementAndGet();
            socket.close();
          },
          socket -> {
            Flock.fork(() -> socket.runMoved(AcceptLoopTest::echoOnce));
          });
    }
  }

  private static void echoOnce(SocketChannel socket) {
    ByteBuffer buffer = ByteBuffer.allocate(16);
    try {
      Control.callInterruptible(() -> socket.read(buffer));
      Control.callInterruptible(() -> socket.write(buffer.flip()));
    } catch (IOException gone) {
      // the client has hung up
    }
  }

  private static void talk(InetSocketAddress address) throws IOException {
    Using.run(
        SocketChannel::open,
        SocketChannel::close,
        socket -> {
          Control.callInterruptible(() -> socket.connect(address));
          Control.callInterruptible(() -> socket.write(ByteBuffer.wrap(new byte[8])));
          Control.callInterruptible(() -> socket.read(ByteBuffer.allocate(8)));
        });
  }

  private static void untilRefused(Block<IOException> talk) {
    try {
      for (; ; ) {
        talk.run();
        Fiber.yield();
      }
    } catch (IOException gone) {
      // the server has closed
    }
  }
}
