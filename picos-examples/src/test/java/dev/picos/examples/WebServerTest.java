package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.domains.Service;
import dev.picos.interop.FiberExecutor;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.junit.jupiter.api.Test;

/** Servers whose handlers are fibers, with a real client. */
class WebServerTest {
  private static final int REQUESTS = 200;

  /** Sends many requests at once, and returns what each was answered. */
  private static List<String> ask(int port, String path) {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build();
    List<CompletableFuture<HttpResponse<String>>> replies =
        IntStream.range(0, REQUESTS)
            .mapToObj(i -> client.sendAsync(request, BodyHandlers.ofString()))
            .toList();
    return replies.stream().map(reply -> reply.join().body()).toList();
  }

  private static void serve(FiberExecutor executor) throws IOException {
    try (WebServer server = new WebServer(executor, 0, WebServer.pages())) {
      assertThat(ask(server.port(), "/")).hasSize(REQUESTS).containsOnly("hello\n");
      assertThat(ask(server.port(), "/slow")).hasSize(REQUESTS).containsOnly("at last\n");
    }
    assertThat(executor.isTerminated()).isTrue();
  }

  @Test
  void jdkServer_onVirtualThreads() throws IOException {
    // without a flag, each request is a fiber all the same
    serve(FiberExecutor.create());
  }

  @Test
  void jdkServer_onFifo() throws IOException {
    // one domain serves them all
    try (Service service = FifoScheduler.create().start()) {
      serve(FiberExecutor.of(service::submit));
    }
  }

  @Test
  void jdkServer_onMultififo() throws IOException {
    // several domains serve them
    try (Service service = MultiFifoScheduler.create().start()) {
      serve(FiberExecutor.of(service::submit));
    }
  }

  // region jetty
  /** A thread pool for Jetty, whose handlers run in threads that are fibers of {@code service}. */
  static QueuedThreadPool poolOf(Service service) {
    ExecutorService threads = Executors.newThreadPerTaskExecutor(service.threadFactory());
    QueuedThreadPool pool = new QueuedThreadPool();
    pool.setVirtualThreadsExecutor(threads);
    return pool;
  }

  // endregion

  @Test
  void jetty_onMultififo() throws Exception {
    // all of its handlers run on domains
    try (Service service = MultiFifoScheduler.create().start()) {
      Server server = new Server(poolOf(service));
      ServerConnector connector = new ServerConnector(server);
      server.addConnector(connector);
      server.setHandler(new WhereItRuns());
      server.start();
      try {
        assertThat(ask(connector.getLocalPort(), "/"))
            .hasSize(REQUESTS)
            .allMatch(where -> where.contains("picos-domain"));
      } finally {
        server.stop();
      }
    }
  }

  private static final class WhereItRuns extends Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      String where = Thread.currentThread().toString(); // which names the carrier
      response.write(true, ByteBuffer.wrap(where.getBytes(StandardCharsets.UTF_8)), callback);
      return true;
    }
  }
}
