package dev.picos.examples;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The HTTP server of the JDK, for real clients, with a fiber for each request. */
@Command(
    name = "http",
    description = {
      "Serves HTTP with a fiber for each request, until Ctrl-C: / answers at once, and /slow after"
          + " 20 milliseconds."
    },
    mixinStandardHelpOptions = true)
final class HttpCommand implements Callable<Integer> {
  @Mixin private Serving serving;

  @Override
  public Integer call() throws Exception {
    return serving.serve(WebServer.pages(), "/ and /slow", () -> "the server has ended");
  }
}
