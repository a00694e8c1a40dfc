package dev.picos.tests.redeploy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.domains.Service;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.sync.Mutex;
import dev.picos.testing.Fork;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A web application that is deployed and undeployed again and again, in a server that lives on. */
class RedeployTest {
  private static Fork server(String... options) throws Exception {
    return Fork.java(
        Server.class,
        List.of(
            Fiber.class,
            Mutex.class,
            Service.class,
            FifoScheduler.class,
            MultiFifoScheduler.class,
            RandosScheduler.class),
        Stream.concat(Stream.of(Fork.OPENS, "-Dpicos.keepAliveMillis=200"), Stream.of(options))
            .toList());
  }

  @Test
  void applicationThatSharesTheLibraries_leavesNothing() throws Exception {
    // Not even the first one, in which the libraries were initialized and all threads were started.
    Fork fork = server("-Dpicos.tests.shared=true");

    assertThat(fork.output()).endsWith("loaders: 0, threads: 0");
    assertThat(fork.exit()).isZero();
  }

  @Test
  void applicationThatBringsTheLibraries_leavesNothing() throws Exception {
    // Neither their classes, after a hundred deployments, nor a thread.
    Fork fork = server();

    assertThat(fork.output()).endsWith("loaders: 0, threads: 0");
    assertThat(fork.exit()).isZero();
  }
}
