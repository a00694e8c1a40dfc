package dev.picos.tests.linearizability;

import dev.picos.tests.linearizability.Operation.End;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Whether a history is linearizable: whether its operations can be put into an order in which the
 * model gives the same results and none comes before one that had ended when it was called; and in
 * the end all that wait have to. An operation that was canceled has had no effect, or has got
 * something and given it back, while it lasted. (Wing and Gong, with the memory of Lowe for states
 * that have been tried.)
 */
final class Checker<S> {
  /** What has been put into the order, as bits, and the state to which that leads. */
  private record Tried(long ended, long granted, long returned, Object state) {}

  private final Model<S> model;
  private final List<Operation> ended;
  private final List<Operation> canceled;
  private final List<Operation> pending;
  private final Set<Tried> tried = new HashSet<>();

  private Checker(Model<S> model, List<Operation> history) {
    this.model = model;
    ended = those(history, End.ENDED);
    canceled = those(history, End.CANCELED);
    pending = those(history, End.PENDING);
    if (history.size() >= Long.SIZE) {
      throw new IllegalArgumentException("too many operations: " + history.size());
    }
  }

  private static List<Operation> those(List<Operation> history, End end) {
    return history.stream().filter(operation -> operation.end() == end).toList();
  }

  static <S> boolean isLinearizable(Model<S> model, List<Operation> history) {
    return new Checker<>(model, history).leadsOn(new Tried(0, 0, 0, model.initial()));
  }

  @SuppressWarnings("unchecked")
  private boolean leadsOn(Tried now) {
    S state = (S) now.state;
    boolean nothingHeld = now.granted == now.returned;
    if (now.ended == (1L << ended.size()) - 1 && nothingHeld) {
      return model.wait(state, pending);
    }
    if (!tried.add(now)) {
      return false;
    }
    int firstEnd = firstEnd(now);
    for (int i = 0; i < ended.size(); i++) {
      Operation next = ended.get(i);
      long bit = 1L << i;
      if ((now.ended & bit) == 0 && next.called < firstEnd) {
        S after = model.after(state, next);
        if (after != null
            && leadsOn(new Tried(now.ended | bit, now.granted, now.returned, after))) {
          return true;
        }
      }
    }
    int lastCall = lastCall(now);
    for (int i = 0; i < canceled.size(); i++) {
      Operation next = canceled.get(i);
      long bit = 1L << i;
      if ((now.returned & bit) == 0 && next.called < firstEnd && lastCall < next.ended()) {
        boolean holds = (now.granted & bit) != 0;
        S after = holds ? model.afterReturn(state, next) : model.afterGrant(state, next);
        if (after != null
            && leadsOn(
                new Tried(
                    now.ended,
                    now.granted | bit,
                    holds ? now.returned | bit : now.returned,
                    after))) {
          return true;
        }
      }
    }
    return false;
  }

  /** When the first of those ends that have to come yet. */
  private int firstEnd(Tried now) {
    int first = Integer.MAX_VALUE;
    for (int i = 0; i < ended.size(); i++) {
      if ((now.ended & 1L << i) == 0) {
        first = Math.min(first, ended.get(i).ended());
      }
    }
    for (int i = 0; i < canceled.size(); i++) {
      if (((now.granted ^ now.returned) & 1L << i) != 0) {
        first = Math.min(first, canceled.get(i).ended());
      }
    }
    return first;
  }

  /** When the last of those was called that are in the order. */
  private int lastCall(Tried now) {
    int last = -1;
    for (int i = 0; i < ended.size(); i++) {
      if ((now.ended & 1L << i) != 0) {
        last = Math.max(last, ended.get(i).called);
      }
    }
    return last;
  }
}
