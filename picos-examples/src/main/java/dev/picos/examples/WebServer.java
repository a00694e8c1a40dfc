package dev.picos.examples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.picos.core.Fiber;
import dev.picos.interop.FiberExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/** The HTTP server of the JDK, with a fiber for each request. */
final class WebServer implements AutoCloseable {
  private static final int BACKLOG = 1_000;

  private final FiberExecutor executor;
  private final HttpServer server;

  // region server
  /** Serves {@code pages}, each under its path, on a loopback port. */
  WebServer(FiberExecutor executor, int port, Map<String, HttpHandler> pages) throws IOException {
    this.executor = executor;
    server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
    server.setExecutor(executor);
    pages.forEach(server::createContext);
    server.start();
  }

  /** The pages {@code /}, and {@code /slow}, which takes a while. */
  static Map<String, HttpHandler> pages() {
    return Map.of(
        "/",
        exchange -> answer(exchange, 200, "hello"),
        "/slow",
        exchange -> {
          Fiber.sleep(Duration.ofMillis(20)); // say, a database that is asked
          answer(exchange, 200, "at last");
        });
  }

  // endregion

  static void answer(HttpExchange exchange, int status, String line) throws IOException {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    try (exchange) {
      exchange.getResponseBody().write(bytes);
    }
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** Takes no more requests, and ends what is under way: it is interrupted if it blocks. */
  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
    executor.close();
  }
}
