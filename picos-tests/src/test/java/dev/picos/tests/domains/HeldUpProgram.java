package dev.picos.tests.domains;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.sched.fifo.FifoScheduler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.logging.ConsoleHandler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * What {@link HeldUpTest} runs in JVMs of its own: the fiber of the only domain reads what another
 * fiber is to write, or else a thread when it has been logged that the fiber holds the domain up.
 */
final class HeldUpProgram {
  private static final Logger LOGGER = Logger.getLogger("dev.picos.domains");
  private static final CountDownLatch LOGGED = new CountDownLatch(1);

  private HeldUpProgram() {}

  public static void main(String[] arguments) throws Exception {
    LOGGER.setUseParentHandlers(false); // they would print while the program ends
    LOGGER.addHandler(new Listener());
    Process echo = new ProcessBuilder("cat").start();
    InputStream in = echo.getInputStream();
    OutputStream out = echo.getOutputStream();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                LOGGED.await();
                write(out, "released");
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    String read =
        FifoScheduler.create()
            .call(
                () -> {
                  Fiber.spawn(new Fiber(new Computation<>()), child -> write(out, "relieved"));
                  return new String(in.readNBytes("relieved".length()), US_ASCII);
                });
    System.out.println(read);
    System.exit(0);
  }

  private static void write(OutputStream out, String text) {
    try {
      out.write(text.getBytes(US_ASCII));
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Listener extends ConsoleHandler {
    @Override
    public void publish(LogRecord logged) {
      System.out.println(new SimpleFormatter().formatMessage(logged));
      LOGGED.countDown();
    }
  }
}
