package dev.picos.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.domains.Execution;
import dev.picos.domains.Fifo;
import dev.picos.domains.Service;
import dev.picos.std.channel.Channel;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.ThreadPerTaskExecutor;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A server of Netty whose connections are served by fibers on Netty's own threads. */
class NettyTest {
  // region netty
  /** Serves a connection in a fiber, on the thread that the connection belongs to. */
  private static final class InAFiber extends ChannelInboundHandlerAdapter {
    private final Channel<ByteBuf> received = Channel.unbounded();
    private CompletionStage<Void> served;

    @Override
    public void channelActive(ChannelHandlerContext connection) {
      EventLoopScheduler scheduler = EventLoopScheduler.on(connection.channel().eventLoop());
      served = scheduler.run(() -> serve(connection));
    }

    private void serve(ChannelHandlerContext connection) {
      for (ByteBuf bytes : received) { // waits for the next ones, and the loop goes on
        await(connection.writeAndFlush(bytes));
      }
    }

    private static void await(ChannelFuture future) {
      Computation<Boolean> done = new Computation<>();
      future.addListener(
          over -> {
            if (over.isSuccess()) {
              done.tryReturn(true);
            } else {
              done.tryCancel(over.cause());
            }
          });
      done.await();
    }

    @Override
    public void channelRead(ChannelHandlerContext connection, Object bytes) {
      received.send((ByteBuf) bytes); // never waits, since the channel has no bound
    }

    @Override
    public void channelInactive(ChannelHandlerContext connection) {
      received.close();
    }
  }

  // endregion

  @Test
  void connections_areServedInFibers() throws Exception {
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    ConcurrentLinkedQueue<InAFiber> handlers = new ConcurrentLinkedQueue<>();
    try {
      io.netty.channel.Channel server =
          new ServerBootstrap()
              .group(group)
              .channel(NioServerSocketChannel.class)
              .childHandler(
                  new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                      InAFiber handler = new InAFiber();
                      handlers.add(handler);
                      channel.pipeline().addLast(handler);
                    }
                  })
              .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .sync()
              .channel();
      int port = ((InetSocketAddress) server.localAddress()).getPort();
      for (int i = 0; i < 20; i++) {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
          for (int j = 0; j < 20; j++) {
            byte[] sent = ("message " + j).getBytes(StandardCharsets.UTF_8);
            client.getOutputStream().write(sent);
            InputStream in = client.getInputStream();
            assertThat(in.readNBytes(sent.length)).isEqualTo(sent);
          }
        }
      }
      assertThat(handlers).hasSize(20);
      for (InAFiber handler : handlers) {
        handler.served.toCompletableFuture().get(20, TimeUnit.SECONDS);
      }
    } finally {
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
  }

  @Test
  void executorsOfNetty_runTheirTasksInFibers() throws Exception {
    // one that starts a thread for each task, and a group whose threads stay
    ConcurrentLinkedQueue<Fiber> fibers = new ConcurrentLinkedQueue<>();
    CountDownLatch ended = new CountDownLatch(20);
    Runnable task =
        () -> {
          Fiber.yield();
          fibers.add(Fiber.current());
          ended.countDown();
        };
    try (Service service = new Execution(new Fifo("fifo", 100)).start()) {
      Executor perTask = new ThreadPerTaskExecutor(service.threadFactory());
      EventExecutorGroup group = new DefaultEventExecutorGroup(2, service.threadFactory());
      for (int i = 0; i < 10; i++) {
        perTask.execute(task);
        group.execute(task);
      }
      assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
    assertThat(fibers).hasSize(20);
    assertThat(new HashSet<>(fibers)).hasSize(12); // ten, and one for each thread of the group
  }
}
