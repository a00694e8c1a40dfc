package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.internal.Headroom;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A virtual thread of the program that is a fiber of an execution for as long as it lives: one that
 * a thread factory of ours has made, or that a fiber has made and started by itself.
 *
 * <p>The fiber has the computation that it was given, which is completed as the thread ends.
 * Whatever leaves the body goes to the thread's handler of uncaught exceptions, as in every thread.
 */
final class Guest extends Host {
  // For maintainers.
  //
  // The thread runs the body that the program gave it, and none of our code before or after. So it
  // is the domain that finds out, after a slice, that the thread has ended, and counts the fiber on
  // its seat. It looks before the guest's place says that the slice is over: from then on, another
  // domain may run the guest, and count its end. A domain that has lost its seat meanwhile queues
  // the guest once more, for another one to count it: the slice of a thread that has ended does
  // nothing.

  private static final VirtualThreads THREADS = VirtualThreads.get();

  /** Made before, since the end of a thread must not fail for lack of memory. */
  private static final Outcome<@Nullable Object> OVER = new Outcome.Returned<>(null);

  private Guest(Execution execution, Fiber fiber, Function<? super Host, Thread> maker) {
    super(execution, fiber, maker);
  }

  /** Makes a thread that is {@code fiber} of {@code execution} once it has been started. */
  static Thread unstarted(Execution execution, Fiber fiber, Runnable body) {
    return new Guest(execution, fiber, host -> THREADS.builder(host).unstarted(body)).thread;
  }

  /**
   * Called in a thread that starts a virtual thread which is neither a host nor a guest, but was
   * made in one, and has inherited its scheduler. It becomes a fiber of the execution of the
   * calling fiber, if that adopts threads, or else a thread like any other. So does one that is a
   * fiber of the thread scheduler.
   */
  static void arrives(Runnable slice) {
    Headroom.requireToHold(); // or the thread might be left between two schedulers
    Thread thread = THREADS.threadOf(slice);
    Host starter = HostLookup.ofCurrentThread();
    if (thread != null && starter != null && starter.adoptsThreads()) {
      Guest guest = new Guest(starter.execution(), new Fiber(new Computation<>()), host -> thread);
      THREADS.setScheduler(thread, guest);
      guest.execute(slice);
      return;
    }
    if (thread != null) {
      // Nothing of it, or of what it makes, is to come here again.
      THREADS.setScheduler(thread, THREADS.defaultScheduler());
    }
    THREADS.defaultScheduler().execute(slice);
  }

  /**
   * {@inheritDoc}
   *
   * @throws RejectedExecutionException if the execution takes no more fibers; the thread has not
   *     been started then
   */
  @Override
  void started() {
    Headroom.requireToHold(); // or it might be counted, and not be queued
    queued();
    execution().start(this);
  }

  @Override
  boolean hasEnded() {
    return thread.getState() == Thread.State.TERMINATED;
  }

  /** Called when the thread has ended, by a domain that has lost its seat. */
  void overWithoutSeat() {
    queued();
    execution().ready(this, null);
  }

  /** Called when the thread has ended, by the domain that has {@code seat}. */
  @SuppressWarnings("unchecked") // a null is a value of every type
  void over(Seat seat) {
    try {
      boolean unused = ((Computation<@Nullable Object>) fiber().computation()).tryComplete(OVER);
    } catch (Throwable byAction) {
      seat.execution.escaped(byAction);
    }
    seat.execution.left(this);
    seat.execution.ended(fiber());
    seat.countEnded();
  }
}
