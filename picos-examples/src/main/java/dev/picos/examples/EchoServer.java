package dev.picos.examples;

import dev.picos.std.resource.Owned;
import dev.picos.std.resource.Using;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * An echo server: a fiber that accepts, and a fiber for each client, all in one flock.
 *
 * <p>Channels are in blocking mode, so an operation parks its fiber. Cancelation interrupts it,
 * which closes the channel. The fiber that accepts owns a client's channel until that client's
 * fiber has moved it, and on every path its owner closes it.
 */
final class EchoServer {
  private final ServerSocketChannel listener;
  final Gauge fibers = new Gauge();
  final Gauge sockets = new Gauge();
  final Gauge bytes = new Gauge();

  /** Listens on the loopback interface. */
  EchoServer(int port) throws IOException {
    listener = ServerSocketChannel.open();
    try {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1024);
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    sockets.opened();
  }

  SocketAddress address() throws IOException {
    return listener.getLocalAddress();
  }

  /**
   * Serves until the calling fiber is canceled; then all clients are canceled, and everything is
   * closed.
   */
  void serve() throws IOException {
    Using.runLastly(this::closeListener, () -> Flock.run(this::acceptAll));
  }

  private void closeListener() throws IOException {
    listener.close();
    sockets.closed();
  }

  private void acceptAll() throws IOException {
    fibers.opened();
    try {
      for (; ; ) {
        Owned.run(
            this::accept,
            this::close,
            client -> Flock.fork("connection", () -> client.runMoved(this::echo)));
      }
    } finally {
      fibers.closed();
    }
  }

  private SocketChannel accept() throws IOException {
    SocketChannel client = Control.callInterruptible(listener::accept);
    sockets.opened();
    return client;
  }

  private void echo(SocketChannel client) {
    fibers.opened();
    try {
      ByteBuffer buffer = ByteBuffer.allocate(4096);
      while (Control.callInterruptible(() -> client.read(buffer)) >= 0) {
        buffer.flip();
        bytes.add(buffer.remaining());
        Control.runInterruptible(
            () -> {
              while (buffer.hasRemaining()) {
                client.write(buffer);
              }
            });
        buffer.clear();
      }
    } catch (IOException gone) {
      // this client has hung up, which does not concern the others
    } finally {
      fibers.closed();
    }
  }

  private void close(SocketChannel client) throws IOException {
    client.close();
    sockets.closed();
  }
}
