package dev.picos.examples;

import dev.picos.std.structured.Flock;
import dev.picos.std.structured.Promise;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The server and its clients in one run of one scheduler. */
final class EchoMeasurement {
  private final int clients;
  private final int messages;
  private final int size;
  private final Gauge fibers = new Gauge();
  private final Gauge sockets = new Gauge();

  EchoMeasurement(int clients, int messages, int size) {
    this.clients = clients;
    this.messages = messages;
    this.size = size;
  }

  EchoReport run(SchedulerKind kind) {
    String problem = "";
    List<long[]> latencies = List.of();
    EchoServer server = null;
    long start = System.nanoTime();
    try {
      server = new EchoServer(0);
      EchoServer listening = server;
      latencies = kind.create().call(() -> exchangeAll(listening));
    } catch (Exception | Error e) {
      problem = e.toString();
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    long[] sorted = latencies.stream().flatMapToLong(Arrays::stream).sorted().toArray();
    return new EchoReport(
        kind.toString(),
        clients,
        sorted.length,
        (long) clients * messages,
        sorted.length / seconds,
        quantile(sorted, 0.50) / 1e3,
        quantile(sorted, 0.99) / 1e3,
        fibers.open() + (server == null ? 0 : server.fibers.open()),
        sockets.open() + (server == null ? 0 : server.sockets.open()),
        problem);
  }

  /** Runs the server until all clients have what they wanted, and then ends it by cancelation. */
  private List<long[]> exchangeAll(EchoServer server) throws IOException {
    List<Promise<long[]>> results = new ArrayList<>();
    return Flock.call(
        () -> {
          Promise<Object> serving =
              Flock.forkAsPromise(
                  "server",
                  () -> {
                    server.serve();
                    return "served";
                  });
          for (int i = 0; i < clients; i++) {
            EchoClient client = new EchoClient(server.address(), messages, size, i, sockets);
            results.add(Flock.forkAsPromise("client", () -> counted(client)));
          }
          List<long[]> latencies = new ArrayList<>();
          for (Promise<long[]> result : results) {
            latencies.add(result.await());
          }
          serving.terminate();
          return latencies;
        });
  }

  private long[] counted(EchoClient client) throws IOException {
    fibers.opened();
    try {
      return client.run();
    } finally {
      fibers.closed();
    }
  }

  private static double quantile(long[] sorted, double share) {
    return sorted.length == 0 ? 0 : sorted[(int) ((sorted.length - 1) * share)];
  }
}
