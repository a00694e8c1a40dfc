package dev.picos.tests.linearizability;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Some broadcasts, of each of which each fiber has a reader. What an operation may do with which of
 * them is in its name: alternatives like {@code read0} and {@code read1}, separated by spaces. The
 * result of reading says what was read from which, like {@code read1=7}; or is {@code false} if
 * there was nothing to be read. Where a reader may miss values, that says how many it has read and
 * missed before, too, like {@code read1=7@3}: no more than there are before the last values that
 * the bound allows, as it may be lucky.
 */
final class BroadcastModel implements Model<BroadcastModel.State> {
  /** How far a fiber has read, and where. */
  record Reader(int fiber, String broadcast) {}

  record State(
      Map<String, List<Integer>> values, Set<String> poisoned, Map<Reader, Integer> positions) {
    List<Integer> values(String broadcast) {
      return values.getOrDefault(broadcast, List.of());
    }

    int position(Reader reader) {
      return positions.getOrDefault(reader, 0);
    }

    boolean isAtTheEnd(Reader reader) {
      return position(reader) == values(reader.broadcast).size();
    }

    State with(Reader reader, int position) {
      Map<Reader, Integer> all = new HashMap<>(positions);
      all.put(reader, position);
      return new State(values, poisoned, all);
    }
  }

  private final Class<? extends Exception> poison;
  private final int bound;

  BroadcastModel(Class<? extends Exception> poison) {
    this(poison, Integer.MAX_VALUE);
  }

  BroadcastModel(Class<? extends Exception> poison, int bound) {
    this.poison = poison;
    this.bound = bound;
  }

  @Override
  public State initial() {
    return new State(Map.of(), Set.of(), Map.of());
  }

  @Override
  public State after(State state, Operation operation) {
    String broadcast = broadcastOf(operation.name);
    boolean poisoned = state.poisoned.contains(broadcast);
    if (operation.name.startsWith("publish")) {
      return operation.returned(poisoned ? poison : null)
          ? poisoned ? state : published(state, broadcast, (Integer) operation.argument)
          : null;
    }
    if (operation.name.startsWith("poison")) {
      Set<String> all = new HashSet<>(state.poisoned);
      return operation.returned(all.add(broadcast))
          ? new State(state.values, all, state.positions)
          : null;
    }
    if (operation.name.startsWith("close")) {
      Set<String> all = new HashSet<>(state.poisoned);
      all.add(broadcast);
      return new State(state.values, all, state.positions);
    }
    if (operation.name.startsWith("tap")) {
      return state.with(new Reader(operation.fiber, broadcast), state.values(broadcast).size());
    }
    if (operation.returned(false)) {
      return waits(state, operation) ? state : null;
    }
    if (operation.returned(poison)) {
      return mayThrow(state, operation) ? state : null;
    }
    return operation.result() instanceof String said ? afterRead(state, operation, said) : null;
  }

  private static State published(State state, String broadcast, Integer value) {
    List<Integer> values = new ArrayList<>(state.values(broadcast));
    values.add(value);
    Map<String, List<Integer>> all = new HashMap<>(state.values);
    all.put(broadcast, values);
    return new State(all, state.poisoned, state.positions);
  }

  private State afterRead(State state, Operation operation, String said) {
    String[] done = said.split("[=@]");
    Reader reader = new Reader(operation.fiber, broadcastOf(done[0]));
    int values = state.values(reader.broadcast).size();
    int position = state.position(reader);
    int at = done.length == 2 ? position : Integer.parseInt(done[2]);
    return position <= at
            && at < values
            && at <= Math.max(position, values - bound)
            && state.values(reader.broadcast).get(at).equals(Integer.valueOf(done[1]))
        ? state.with(reader, at + 1)
        : null;
  }

  private static boolean mayThrow(State state, Operation operation) {
    for (String way : operation.name.split(" ")) {
      Reader reader = new Reader(operation.fiber, broadcastOf(way));
      if (state.isAtTheEnd(reader) && state.poisoned.contains(reader.broadcast)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean waits(State state, Operation operation) {
    for (String way : operation.name.split(" ")) {
      Reader reader = new Reader(operation.fiber, broadcastOf(way));
      if (!state.isAtTheEnd(reader)) {
        return false;
      }
    }
    return !mayThrow(state, operation);
  }

  private static String broadcastOf(String way) {
    return way.substring(way.length() - 1);
  }
}
