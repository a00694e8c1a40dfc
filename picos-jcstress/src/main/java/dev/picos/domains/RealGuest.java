package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * A real {@link Guest} with its thread, which yields twice and ends. Its slices run in the thread
 * that calls {@link #runToEnd}, as a domain would run them.
 */
final class RealGuest implements Policy {
  private final Domain domain = new Domain(null, -1, here -> {});
  private final Execution execution = new Execution(this);
  private final Seat seat = Seat.all(execution, List.of(this)).get(0);
  private final ConcurrentLinkedQueue<Ready> queue = new ConcurrentLinkedQueue<>();
  private final Thread thread;
  private final Guest guest;
  private volatile int ends;

  RealGuest() {
    thread =
        Guest.unstarted(
            execution,
            new Fiber(new Computation<>()),
            () -> {
              Thread.yield();
              Thread.yield();
            });
    guest = (Guest) Objects.requireNonNull(HostLookup.host(thread));
    seat.tryTake(domain);
    Hosts.of(domain).takeSeat(seat);
    thread.start();
  }

  Thread thread() {
    return thread;
  }

  /** How often the end of the thread has been found. */
  int ends() {
    return ends;
  }

  /** Runs all slices that there are. */
  void runToEnd() {
    while (next() != null) {
      Host.Slice slice = guest.runSlice(seat);
      if (slice.isToGoOn()) {
        execution.ready(guest, seat);
      } else if (slice == Host.Slice.ENDED) {
        int before = ends;
        ends = before + 1;
      }
    }
  }

  @Override
  public void ready(Ready fiber, boolean first) {
    queue.add(fiber);
  }

  @Override
  public @Nullable Ready next() {
    execution.inbox.emptyInto(seat);
    return queue.poll();
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
