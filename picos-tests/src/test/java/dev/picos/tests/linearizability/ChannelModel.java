package dev.picos.tests.linearizability;

import dev.picos.std.channel.ChannelClosedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Some channels of the same capacity. What an operation may do with which of them is in its name:
 * alternatives like {@code send0} and {@code receive1}, separated by spaces. Its result is the one
 * that was done, and what was received, like {@code receive1=7}; or {@code false} if it did
 * nothing.
 */
final class ChannelModel implements Model<ChannelModel.State> {
  /**
   * @param inTransit what has been sent to a channel without capacity and has not been received,
   *     with the operation that sends it
   */
  record State(Map<String, List<Integer>> buffers, Set<String> closed, Transit inTransit) {}

  record Transit(String channel, Integer item, Operation sender) {}

  private final int capacity;
  private final boolean dropsOldest;

  ChannelModel(int capacity) {
    this(capacity, false);
  }

  ChannelModel(int capacity, boolean dropsOldest) {
    this.capacity = capacity;
    this.dropsOldest = dropsOldest;
  }

  @Override
  public State initial() {
    return new State(Map.of(), Set.of(), null);
  }

  @Override
  public State after(State state, Operation operation) {
    Object result = operation.result();
    if (state.inTransit != null && !String.valueOf(result).startsWith("receive")) {
      return null; // sent and received at once
    }
    if (operation.name.startsWith("close")) {
      Set<String> closed = new java.util.HashSet<>(state.closed);
      closed.add(channelOf(operation.name));
      return new State(state.buffers, closed, null);
    }
    if (result.equals(false)) {
      return mayRefuse(state, operation) ? state : null;
    }
    if (result == ChannelClosedException.class) {
      return mayBeClosed(state, operation) ? state : null;
    }
    if (!(result instanceof String said)) {
      return null;
    }
    String[] done = said.split("=");
    String channel = channelOf(done[0]);
    return done[0].startsWith("send")
        ? afterSend(state, operation, channel)
        : afterReceive(state, operation, channel, Integer.valueOf(done[1]));
  }

  private State afterSend(State state, Operation operation, String channel) {
    Integer item = (Integer) operation.argument;
    if (state.closed.contains(channel)) {
      return null;
    }
    if (capacity == 0) {
      return new State(state.buffers, state.closed, new Transit(channel, item, operation));
    }
    List<Integer> buffer = new ArrayList<>(buffer(state, channel));
    buffer.add(item);
    if (dropsOldest && buffer.size() > capacity) {
      buffer.removeFirst();
    }
    return buffer.size() > capacity ? null : with(state, channel, buffer);
  }

  private State afterReceive(State state, Operation operation, String channel, Integer item) {
    if (capacity == 0) {
      Transit transit = state.inTransit;
      boolean meets =
          transit != null
              && transit.channel.equals(channel)
              && transit.item.equals(item)
              && transit.sender.fiber != operation.fiber
              && operation.called < transit.sender.ended();
      return meets ? new State(state.buffers, state.closed, null) : null;
    }
    List<Integer> buffer = buffer(state, channel);
    return !buffer.isEmpty() && buffer.get(0).equals(item)
        ? with(state, channel, buffer.subList(1, buffer.size()))
        : null;
  }

  /**
   * Whether an attempt may have been in vain. Without a buffer, who waited when is not known; and
   * one to send may miss a place that becomes free meanwhile, if it has to look for one.
   */
  private boolean mayRefuse(State state, Operation operation) {
    boolean mayMiss =
        operation.name.startsWith("send") && capacity < Integer.MAX_VALUE && !dropsOldest;
    return capacity == 0 || mayMiss || waits(state, operation);
  }

  private boolean mayBeClosed(State state, Operation operation) {
    for (String way : operation.name.split(" ")) {
      String channel = channelOf(way);
      if (state.closed.contains(channel)
          && (way.startsWith("send") || buffer(state, channel).isEmpty())) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean waits(State state, Operation operation) {
    if (mayBeClosed(state, operation)) {
      return false;
    }
    for (String way : operation.name.split(" ")) {
      List<Integer> buffer = buffer(state, channelOf(way));
      boolean hasRoom = buffer.size() < capacity || dropsOldest;
      if (capacity > 0 && (way.startsWith("send") ? hasRoom : !buffer.isEmpty())) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean wait(State state, List<Operation> operations) {
    return state.inTransit == null
        && Model.super.wait(state, operations)
        && operations.stream()
            .noneMatch(one -> operations.stream().anyMatch(other -> meet(one, other)));
  }

  /** Whether one could have sent to the other. */
  private static boolean meet(Operation one, Operation other) {
    if (one.fiber == other.fiber) {
      return false;
    }
    List<String> others = List.of(other.name.split(" "));
    for (String way : one.name.split(" ")) {
      if (way.startsWith("send") && others.contains("receive" + channelOf(way))) {
        return true;
      }
    }
    return false;
  }

  private static List<Integer> buffer(State state, String channel) {
    return state.buffers.getOrDefault(channel, List.of());
  }

  private static State with(State state, String channel, List<Integer> buffer) {
    Map<String, List<Integer>> buffers = new java.util.HashMap<>(state.buffers);
    buffers.put(channel, List.copyOf(buffer));
    return new State(buffers, state.closed, null);
  }

  private static String channelOf(String way) {
    return way.substring(way.length() - 1);
  }
}
