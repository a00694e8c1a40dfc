package dev.picos.bench;

import java.util.ArrayDeque;
import jdk.internal.vm.Continuation;
import jdk.internal.vm.ContinuationScope;

/**
 * Bare continuations in a queue that the calling thread empties: the least that switching can cost.
 */
final class RawContinuations {
  private static final ContinuationScope SCOPE = new ContinuationScope("raw");

  private final ArrayDeque<Continuation> ready = new ArrayDeque<>(1024);

  void start(Runnable body) {
    ready.add(new Continuation(SCOPE, body));
  }

  static void yieldNow() {
    Continuation.yield(SCOPE);
  }

  /** Runs until all have ended; whatever yields goes to the end of the queue. */
  void run() {
    for (Continuation next = ready.poll(); next != null; next = ready.poll()) {
      next.run();
      if (!next.isDone()) {
        ready.add(next);
      }
    }
  }
}
