package dev.picos.examples;

import dev.picos.std.resource.Using;
import dev.picos.std.structured.Control;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Random;

/** Sends messages, waits for each to come back, and compares every byte. */
final class EchoClient {
  private final SocketAddress server;
  private final int messages;
  private final int size;
  private final Random random;
  private final Gauge sockets;

  EchoClient(SocketAddress server, int messages, int size, long seed, Gauge sockets) {
    this.server = server;
    this.messages = messages;
    this.size = size;
    this.random = new Random(seed);
    this.sockets = sockets;
  }

  /** Returns how long each message took to come back, in nanoseconds. */
  long[] run() throws IOException {
    return Using.call(this::open, this::close, this::exchangeAll);
  }

  private SocketChannel open() throws IOException {
    SocketChannel channel = SocketChannel.open();
    sockets.opened();
    return channel;
  }

  private void close(SocketChannel channel) throws IOException {
    channel.close();
    sockets.closed();
  }

  private long[] exchangeAll(SocketChannel channel) throws IOException {
    long[] latencies = new long[messages];
    Control.callInterruptible(() -> channel.connect(server));
    byte[] sent = new byte[size];
    ByteBuffer received = ByteBuffer.allocate(size);
    for (int i = 0; i < messages; i++) {
      random.nextBytes(sent);
      long start = System.nanoTime();
      Control.runInterruptible(() -> exchange(channel, ByteBuffer.wrap(sent), received.clear()));
      latencies[i] = System.nanoTime() - start;
      if (!ByteBuffer.wrap(sent).equals(received.flip())) {
        throw new IOException("message " + i + " came back different");
      }
    }
    return latencies;
  }

  private static void exchange(SocketChannel channel, ByteBuffer out, ByteBuffer in)
      throws IOException {
    while (out.hasRemaining()) {
      channel.write(out);
    }
    while (in.hasRemaining()) {
      if (channel.read(in) < 0) {
        throw new EOFException("the server hung up");
      }
    }
  }
}
