package dev.picos.spring.boot;

import dev.picos.domains.Service;
import dev.picos.interop.FiberExecutor;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.core.task.support.TaskExecutorAdapter;

/** An executor of Spring whose tasks are fibers, and which is closed within bounds. */
final class FiberTaskExecutor extends TaskExecutorAdapter implements DisposableBean {
  private final FiberExecutor fibers;
  private final Duration grace;

  private FiberTaskExecutor(FiberExecutor fibers, Duration grace) {
    super(fibers);
    this.fibers = fibers;
    this.grace = grace;
  }

  /** Makes an executor on {@code service}, or on virtual threads of the JDK. */
  static FiberTaskExecutor on(@Nullable Service service, Duration grace) {
    return new FiberTaskExecutor(
        service == null ? FiberExecutor.create() : FiberExecutor.of(service::submit), grace);
  }

  /**
   * Takes no more tasks, and waits until those that it has have ended; then cancels and interrupts
   * them, and waits again. An interrupt of the caller cuts the waits short.
   */
  @Override
  public void destroy() {
    fibers.shutdown();
    try {
      if (!hasEndedInTime()) {
        fibers.shutdownNow();
        if (!hasEndedInTime()) {
          LogFactory.getLog(FiberTaskExecutor.class).warn("Fibers are left behind by " + fibers);
        }
      }
    } catch (InterruptedException interrupted) {
      fibers.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private boolean hasEndedInTime() throws InterruptedException {
    return fibers.awaitTermination(TimeUnit.NANOSECONDS.convert(grace), TimeUnit.NANOSECONDS);
  }
}
