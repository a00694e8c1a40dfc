package dev.picos.domains;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;

/**
 * What was made ready by threads that are no domains of the execution, until one of its domains
 * hands it to its policy. So a policy hears of everything in its domain's own thread.
 */
final class Inbox {
  // For maintainers.
  //
  // Whoever has added a fiber then sets arrived; a domain clears arrived and then takes out what is
  // there. So a fiber that was added entirely has been taken out, or arrived is set: domains need
  // look no further than at that one flag before each dispatch. One whose adding was stopped in the
  // middle can hide later ones that were added entirely; arrived is set once more when it goes on.
  //
  // One domain at a time takes out. Another that finds it at that passes by; what the first one may
  // have missed has set arrived again, so it keeps the execution from sleeping and is found by the
  // next look.

  private static final int CHUNK = 256;

  private final MpscUnboundedVarHandleArrayQueue<Ready> queue =
      new MpscUnboundedVarHandleArrayQueue<>(CHUNK);
  private final AtomicBoolean emptying = new AtomicBoolean();
  private volatile boolean arrived;

  /**
   * @throws OutOfMemoryError if the inbox had to grow and could not; the fiber is not in it then
   */
  void add(Ready fiber) {
    queue.offer(fiber);
    arrived = true;
  }

  /** Whether everything that was added has been, or is being, taken out. */
  boolean isEmpty() {
    return !arrived;
  }

  /**
   * Hands everything to {@code policy}, in the order in which it came.
   *
   * @throws OutOfMemoryError if the policy throws it; what it has not got stays here
   */
  void emptyInto(Policy policy) {
    if (arrived) {
      takeOut(fiber -> policy.ready(fiber, fiber.goesFirst()));
    }
  }

  /** Hands everything to {@code sink}, in the order in which it came. */
  void emptyInto(Consumer<? super Ready> sink) {
    if (arrived) {
      takeOut(sink);
    }
  }

  // By itself, so that the look at the flag is compiled into every dispatch and this is not.
  private void takeOut(Consumer<? super Ready> sink) {
    if (emptying.compareAndSet(false, true)) {
      arrived = false;
      boolean done = false;
      try {
        // All of it, whereas drain() has a limit. Relaxed: does not wait for a thread that was
        // stopped in the middle of adding.
        for (Ready next = queue.relaxedPeek(); next != null; next = queue.relaxedPeek()) {
          sink.accept(next);
          queue.relaxedPoll();
        }
        done = true;
      } finally {
        if (!done) {
          arrived = true;
        }
        emptying.set(false);
      }
    }
  }
}
