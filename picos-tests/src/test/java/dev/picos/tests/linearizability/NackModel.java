package dev.picos.tests.linearizability;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A service whose clients either get a reply or turn to a permit, and withdraw their requests. Each
 * call to it has a number, which is in its result and in that of the server, like {@code replied 3}
 * and {@code served 3}, or {@code withdrew 3} and {@code stopped 3}.
 */
final class NackModel implements Model<NackModel.State> {
  /**
   * @param permits those that are left
   * @param withdrawn the numbers of those who withdrew
   * @param inTransit the number of the call that has been served, until it gets the reply
   */
  record State(int permits, Set<String> withdrawn, String inTransit) {}

  @Override
  public State initial() {
    return new State(0, Set.of(), null);
  }

  @Override
  public State after(State state, Operation operation) {
    if (operation.name.equals("permit")) {
      return state.inTransit == null ? new State(state.permits + 1, state.withdrawn, null) : null;
    }
    if (!(operation.result() instanceof String said)) {
      return null;
    }
    String[] words = said.split(" ");
    boolean meets = words[0].equals("replied") && words[1].equals(state.inTransit);
    if (meets || state.inTransit != null) {
      return meets ? new State(state.permits, state.withdrawn, null) : null;
    }
    return switch (words[0]) {
      case "idle" -> state;
      case "served" -> new State(state.permits, state.withdrawn, words[1]);
      case "stopped" -> state.withdrawn.contains(words[1]) ? state : null;
      case "permitted" -> state.permits > 0 ? withdrawn(state, state.permits - 1, words[1]) : null;
      case "canceled" -> withdrawn(state, state.permits, words[1]);
      default -> null;
    };
  }

  private static State withdrawn(State state, int permits, String call) {
    Set<String> withdrawn = new HashSet<>(state.withdrawn);
    return withdrawn.add(call) ? new State(permits, withdrawn, null) : null;
  }

  @Override
  public boolean waits(State state, Operation operation) {
    return operation.name.equals("call") && state.permits == 0;
  }

  @Override
  public boolean wait(State state, List<Operation> operations) {
    return state.inTransit == null && Model.super.wait(state, operations);
  }
}
