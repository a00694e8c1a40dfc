package dev.picos.examples;

import dev.picos.domains.Service;
import dev.picos.interop.FiberExecutor;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import java.io.IOException;
import java.net.BindException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The HTTP server of the JDK, for real clients, with a fiber for each request. */
@Command(
    name = "http",
    description = {
      "Serves HTTP with a fiber for each request, until Ctrl-C: / answers at once, and /slow after"
          + " 20 milliseconds."
    },
    mixinStandardHelpOptions = true)
final class HttpCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--scheduler",
      converter = SchedulerKind.Parser.class,
      defaultValue = "threads",
      description = "threads, fifo or multififo (default: ${DEFAULT-VALUE}, which needs no flag)")
  private SchedulerKind scheduler;

  @Option(
      names = "--port",
      defaultValue = "8080",
      description = "the port; 0 chooses a free one (default: ${DEFAULT-VALUE})")
  private int port;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (port < 0 || port > 65_535) {
      throw new ParameterException(
          spec.commandLine(), "--port must be between 0 and 65,535: " + port);
    }
    WebServer server;
    try {
      server = new WebServer(executor(), port);
    } catch (BindException e) {
      System.err.println("picos: cannot listen on port " + port + ": " + e.getMessage());
      return ExitCode.SOFTWARE;
    }
    try (server) {
      System.out.printf(
          "serving on http://localhost:%d/ and /slow, on %s; Ctrl-C ends it%n",
          server.port(), scheduler);
      new CountDownLatch(1).await();
    }
    return ExitCode.OK;
  }

  // region executors
  private FiberExecutor executor() {
    return switch (scheduler) {
      case THREADS -> FiberExecutor.create();
      case FIFO -> on(FifoScheduler.create().start());
      case MULTIFIFO -> on(MultiFifoScheduler.create().start());
      case RANDOS ->
          throw new ParameterException(
              spec.commandLine(), "randos runs tests, and does not serve; choose another one");
    };
  }

  private static FiberExecutor on(Service service) {
    return FiberExecutor.of(service::submit);
  }

  // endregion
}
