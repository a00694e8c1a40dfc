package dev.picos.domains;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;

/**
 * The fibers that were made ready by threads that are not domains of the execution, until one of
 * its domains hands them to its policy. So a policy learns of every fiber in its domain's own
 * thread.
 */
final class Inbox {
  // For maintainers.
  //
  // A thread that adds a fiber sets arrived after that; a domain clears arrived and then takes out
  // what is there. So once a fiber has been added completely, it has been taken out, or arrived is
  // set: domains only have to look at that one flag before each dispatch. A fiber whose adding was
  // stopped in the middle can hide later ones that were added completely; arrived is set once more
  // when that thread goes on.
  //
  // One domain at a time takes fibers out. Another domain that finds one doing so passes by. What
  // the first one may have missed has set arrived again, which keeps the execution from sleeping,
  // so the next look finds it.

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
   * @throws OutOfMemoryError if the policy throws it; what it has not received stays here
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

  // This is a method by itself, so that the check of the flag is compiled into every dispatch and
  // this is not.
  private void takeOut(Consumer<? super Ready> sink) {
    if (emptying.compareAndSet(false, true)) {
      arrived = false;
      boolean done = false;
      try {
        // This takes out everything, whereas drain() has a limit. The relaxed operations do not
        // wait for a thread that was stopped in the middle of adding.
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
