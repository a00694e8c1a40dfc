package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A real {@link Host} with its virtual thread and a fiber in it, whose slices run in the thread
 * that calls {@link #runSlice}. So an actor can park: it only leaves the slice.
 */
final class RealHost implements Policy {
  // A domain that never starts; the host ends with its fiber and leaves nothing behind there.
  private final Domain domain = new Domain(null, -1, here -> {});

  private final Execution execution = new Execution(this).freshThreads(true);
  private final Seat seat = Seat.all(execution, List.of(this)).get(0);
  private final Host host = new Host((byte) 0);
  private final ConcurrentLinkedQueue<Ready> queue = new ConcurrentLinkedQueue<>();
  private final AtomicInteger entries = new AtomicInteger();
  private volatile boolean queuedTwice;
  private boolean ended;

  RealHost(Runnable main) {
    Fiber fiber = new Fiber(new Computation<>());
    Start start =
        new Start(
            fiber,
            self -> {
              main.run();
              ended = true;
            });
    host.take(start, execution);
    seat.tryTake(domain);
    Hosts.of(domain).takeSeat(seat);
  }

  Thread thread() {
    return host.thread;
  }

  void runSlice() {
    if (host.runSlice(seat).isToGoOn()) {
      execution.ready(host, seat);
    }
  }

  /** Runs all that is in the queue, and returns whether the fiber has ended. */
  boolean runToEnd() {
    while (next() != null) {
      runSlice();
    }
    return ended;
  }

  boolean wasQueuedTwice() {
    return queuedTwice;
  }

  @Override
  public void ready(Ready fiber, boolean first) {
    if (entries.getAndIncrement() != 0) {
      queuedTwice = true;
    }
    queue.add(fiber);
  }

  @Override
  public @Nullable Ready next() {
    execution.inbox.emptyInto(seat);
    Ready next = queue.poll();
    if (next != null) {
      entries.getAndDecrement();
    }
    return next;
  }

  @Override
  public boolean isEmpty() {
    return queue.isEmpty();
  }

  @Override
  public boolean spend(Operation operation) {
    return false;
  }
}
