package dev.picos.examples.tutorial;

import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import java.util.Queue;

/** Ways to get {@link Channel} wrong, each with what comes of it. */
final class ChannelMistakes {
  private ChannelMistakes() {}

  /** Doubled item: a sender says that it has not sent what was taken. And lost item: a receiver. */
  static final class ThrowsAlthoughItWasMet<T> extends Channel<T> {
    @Override
    void waitIn(Queue<Party<T>> queue, Party<T> self) {
      // region throws-although-it-was-met
      Throwable reason = self.trigger.await();
      if (reason != null) {
        boolean unused = Fiber.current().callForbiddingCancelation(() -> isIn(queue, self, false));
        throw ComputationException.unchecked(reason);
      }
      // endregion
    }
  }

  /** Ghost: the clean-up is canceled as well, when it has to wait. */
  static final class WithdrawsWhilePermitted<T> extends Channel<T> {
    @Override
    void waitIn(Queue<Party<T>> queue, Party<T> self) {
      for (; ; ) {
        Throwable reason = self.trigger.await();
        boolean met = !isIn(queue, self, reason == null); // locks the mutex
        if (met) {
          return;
        }
        if (reason != null) {
          throw ComputationException.unchecked(reason);
        }
      }
    }
  }
}
