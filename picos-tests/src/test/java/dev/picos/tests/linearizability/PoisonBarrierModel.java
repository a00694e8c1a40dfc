package dev.picos.tests.linearizability;

import dev.picos.std.sync.PoisonedException;
import java.util.List;
import java.util.stream.Stream;

/**
 * A barrier, for which a phase is one event that its parties share: the calls that take part in it
 * follow each other, and overlap. The result of a call to await is {@code true}, or {@code false}
 * if it gave up.
 */
final class PoisonBarrierModel implements Model<PoisonBarrierModel.State> {
  /**
   * @param phase those who have come together, unless all have
   * @param poisoner the call that poisoned it, or {@code null}
   */
  record State(List<Operation> phase, Operation poisoner) {}

  private final int parties;

  PoisonBarrierModel(int parties) {
    this.parties = parties;
  }

  @Override
  public State initial() {
    return new State(List.of(), null);
  }

  @Override
  public State after(State state, Operation operation) {
    boolean comes = operation.name.startsWith("await") && operation.returned(true);
    if (comes) {
      return state.poisoner == null ? afterComing(state, operation) : null;
    }
    if (!state.phase.isEmpty()) {
      return null;
    }
    boolean poisoned = state.poisoner != null;
    return switch (operation.name) {
      case "isPoisoned" -> operation.returned(poisoned) ? state : null;
      case "poison" -> poisoned ? state : new State(List.of(), operation);
      default ->
          operation.returned(PoisonedException.class)
              ? poisoned ? state : null
              : afterGivingUp(state, operation);
    };
  }

  private State afterComing(State state, Operation operation) {
    if (!state.phase.stream().allMatch(other -> overlap(other, operation))) {
      return null;
    }
    List<Operation> phase = Stream.concat(state.phase.stream(), Stream.of(operation)).toList();
    return new State(phase.size() == parties ? List.of() : phase, null);
  }

  /** It poisons; or it had come before another one did that, or gave up as well. */
  private static State afterGivingUp(State state, Operation operation) {
    if (state.poisoner == null) {
      return new State(List.of(), operation);
    }
    return overlap(state.poisoner, operation) ? state : null;
  }

  private static boolean overlap(Operation one, Operation other) {
    return one.called < other.ended() && other.called < one.ended();
  }

  @Override
  public boolean waits(State state, Operation operation) {
    return operation.name.equals("await") && state.poisoner == null;
  }

  @Override
  public boolean wait(State state, List<Operation> operations) {
    return state.phase.isEmpty()
        && operations.size() < parties
        && Model.super.wait(state, operations);
  }
}
