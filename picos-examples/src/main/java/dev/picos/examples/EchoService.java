package dev.picos.examples;

import dev.picos.core.Computation;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.Promise;
import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** An echo server for real clients, which runs until the JVM is told to end. */
final class EchoService {
  private EchoService() {}

  static int serve(SchedulerKind kind, int port) throws IOException {
    EchoServer server;
    try {
      server = new EchoServer(port);
    } catch (IOException e) {
      return Serving.cannotListen(port, e);
    }

    Computation<@Nullable Void> stop = new Computation<>();
    return Ending.<Integer, IOException>await(
        () -> stop.tryReturn(null), () -> serve(server, kind, stop));
  }

  private static int serve(EchoServer server, SchedulerKind kind, Computation<?> stop)
      throws IOException {
    System.out.println("echo server on " + kind + " at " + server.address() + "; Ctrl-C ends it");
    try {
      kind.create()
          .run(
              () ->
                  Flock.run(
                      () -> {
                        Promise<Object> serving =
                            Flock.forkAsPromise(
                                () -> {
                                  server.serve();
                                  return "served";
                                });
                        stop.join();
                        serving.terminate();
                      }));
    } finally {
      System.out.printf(
          Locale.ROOT,
          "%nserved %,d connections and %,d bytes; still open: %d fibers, %d sockets%n",
          server.sockets.total() - 1,
          server.bytes.total(),
          server.fibers.open(),
          server.sockets.open());
    }
    return CommandLine.ExitCode.OK;
  }
}
