package dev.picos.tests.interop;

import dev.picos.domains.Service;
import dev.picos.interop.FiberExecutor;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.testing.FullHeap;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** What {@link FullHeapTest} runs in JVMs of its own: starts tasks while the heap is full. */
final class FullHeapProgram {
  private static final int WARM_UP = 2_000;
  private static final int MANY = 2_000;
  private static final AtomicInteger RAN = new AtomicInteger();
  private static final Runnable TASK = RAN::incrementAndGet;

  private FullHeapProgram() {}

  public static void main(String[] arguments) {
    Service service = FifoScheduler.create().start();
    FiberExecutor executor = FiberExecutor.of(service::submit);
    ThreadFactory factory = service.threadFactory();
    Runnable start =
        switch (System.getProperty("picos.program")) {
          case "executor" -> () -> executor.execute(TASK);
          case "threads" -> () -> factory.newThread(TASK).start();
          default -> throw new IllegalArgumentException();
        };
    for (int i = 0; i < WARM_UP; i++) {
      start.run(); // loads what is needed
    }
    while (RAN.get() < WARM_UP) {
      Thread.onSpinWait();
    }
    int accepted = WARM_UP;
    int refused = 0;
    FullHeap.fill();
    for (int i = 0; i < MANY; i++) {
      try {
        start.run();
        accepted++;
      } catch (OutOfMemoryError full) {
        refused++;
        FullHeap.releaseSome(); // perhaps there is room for the next one
      }
    }
    FullHeap.release();
    executor.shutdown();
    boolean closed = service.close(Duration.ofSeconds(20));
    System.out.println(
        (refused > 0)
            + ", lost "
            + (accepted - RAN.get())
            + ", "
            + (closed ? "closed" : "still open")
            + ", "
            + executor);
  }
}
