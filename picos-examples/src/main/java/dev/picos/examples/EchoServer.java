package dev.picos.examples;

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
 * which closes the channel; and on every path the channel is closed by whoever has it.
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

  /** Serves until the calling fiber is canceled; then all clients are, and everything is closed. */
  void serve() throws IOException {
    try {
      Flock.joinAfter(this::acceptAll);
    } finally {
      listener.close();
      sockets.closed();
    }
  }

  private void acceptAll() throws IOException {
    fibers.opened();
    try {
      for (; ; ) {
        SocketChannel client = Control.interruptible(listener::accept);
        sockets.opened();
        try {
          Flock.fork(() -> echo(client));
        } catch (Throwable refused) { // canceled just now: nobody else will close it
          close(client);
          throw refused;
        }
      }
    } finally {
      fibers.closed();
    }
  }

  private void echo(SocketChannel client) throws IOException {
    fibers.opened();
    try {
      ByteBuffer buffer = ByteBuffer.allocate(4096);
      while (Control.interruptible(() -> client.read(buffer)) >= 0) {
        buffer.flip();
        bytes.add(buffer.remaining());
        Control.interruptible(
            () -> {
              while (buffer.hasRemaining()) {
                client.write(buffer);
              }
            });
        buffer.clear();
      }
    } catch (IOException gone) {
      // This client has hung up; the others are not concerned.
    } finally {
      close(client);
      fibers.closed();
    }
  }

  private void close(SocketChannel client) throws IOException {
    client.close();
    sockets.closed();
  }
}
