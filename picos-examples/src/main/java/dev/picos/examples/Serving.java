package dev.picos.examples;

import com.sun.net.httpserver.HttpHandler;
import dev.picos.domains.Service;
import dev.picos.interop.FiberExecutor;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import java.io.IOException;
import java.net.BindException;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What the commands that serve HTTP have in common, and some of it with the echo server. */
final class Serving {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

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

  /** What the fibers belong to, unless they are virtual threads of the JDK. */
  private @Nullable Service service;

  /** Returns what tells that an option makes no sense. */
  ParameterException refused(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /**
   * Serves {@code pages} until Ctrl-C, and returns the exit code of the program.
   *
   * @param hint which pages there are
   * @param result what to say at the end, when nothing is served any more
   */
  int serve(Map<String, HttpHandler> pages, String hint, Callable<String> result) throws Exception {
    if (port < 0 || port > 65_535) {
      throw refused("--port must be between 0 and 65,535: " + port);
    }
    CountDownLatch end = new CountDownLatch(1);
    return Ending.<Integer, Exception>await(
        end::countDown,
        () -> {
          try (WebServer server = new WebServer(executor(), port, pages)) {
            System.out.printf(
                "serving on http://localhost:%d%s, on %s; Ctrl-C ends it%n",
                server.port(), hint, scheduler);
            end.await();
          } catch (BindException e) {
            return cannotListen(port, e);
          } finally {
            if (service != null) {
              service.close(); // last: its fibers are those of the server
            }
          }
          System.out.println();
          System.out.println(result.call());
          return ExitCode.OK;
        });
  }

  /** Says that a server cannot have its port, and returns the exit code of the program. */
  static int cannotListen(int port, IOException reason) {
    System.err.println("picos: cannot listen on port " + port + ": " + reason.getMessage());
    return ExitCode.SOFTWARE;
  }

  // region executors
  private FiberExecutor executor() {
    return switch (scheduler) {
      case THREADS -> FiberExecutor.create();
      case FIFO -> on(FifoScheduler.create().start());
      case MULTIFIFO -> on(MultiFifoScheduler.create().start());
      case RANDOS -> throw refused("randos runs tests, and does not serve; choose another one");
    };
  }

  private FiberExecutor on(Service service) {
    this.service = service;
    return FiberExecutor.of(service::submit);
  }

  // endregion
}
