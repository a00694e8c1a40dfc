package dev.picos.tests.linearizability;

import static dev.picos.tests.linearizability.Experiment.run;

import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.std.event.Event;
import dev.picos.std.sync.Broadcast;
import dev.picos.std.sync.BroadcastClosedException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Broadcasts, and choices between them, do what they would do if all of it were atomic. */
@Tag("explored")
class BroadcastLinearizabilityTest {
  /** A broadcast, and a reader for each fiber. */
  private static final class Followed {
    private final String name;
    private final Broadcast<Integer> broadcast = new Broadcast<>();
    private final Broadcast.Cursor<Integer> start = broadcast.tap();
    private final Map<Fiber, Broadcast.Reader<Integer>> readers = new HashMap<>();

    Followed(int name) {
      this.name = "read" + name + "=";
    }

    Broadcast.Reader<Integer> reader() {
      return readers.computeIfAbsent(Fiber.current(), fiber -> start.reader());
    }

    private void readFrom(Broadcast.Cursor<Integer> cursor) {
      readers.put(Fiber.current(), cursor.reader());
    }

    void tap() {
      readFrom(broadcast.tap());
    }

    String read() {
      return name + reader().read();
    }

    /** The same, by means of an iterator. */
    String readNext() {
      Iterator<Integer> values = reader().iterator();
      return name + (values.hasNext() ? values.next() : reader().read());
    }

    Event<String> readEvent() {
      return reader().readEvent().map(value -> name + value);
    }

    /** The same, by means of cursors. */
    Event<String> cursorEvent() {
      Broadcast.Cursor<Integer> cursor = reader().cursor();
      return cursor
          .readEvent()
          .wrap(
              value -> {
                readFrom(cursor.next());
                return name + value;
              });
    }
  }

  private static Object poll(Event<?> event) {
    Outcome.Returned<?> read = event.poll();
    return read == null ? false : read.value();
  }

  private static Experiment<Followed> one() {
    return new Experiment<>(() -> new Followed(0), new BroadcastModel(IllegalStateException.class))
        .operation("publish0", 3, (of, value) -> run(() -> of.broadcast.publish(value)))
        .operation("read0", (of, none) -> of.read())
        .operation("tap0", (of, none) -> run(of::tap));
  }

  @Test
  void broadcast() {
    one().check();
  }

  @Test
  void events() {
    one()
        .operation("publish0", 3, (of, value) -> run(() -> of.broadcast.publish(value)))
        .operation("read0", (of, none) -> of.readEvent().sync())
        .operation("read0", (of, none) -> of.cursorEvent().sync())
        .operation("read0", (of, none) -> Event.select(of.cursorEvent(), of.readEvent()))
        .operation("read0", (of, none) -> poll(of.readEvent()))
        .operation("poison0", (of, none) -> of.broadcast.tryPoison(new IllegalStateException()))
        .fibers(4)
        .check();
  }

  /** A broadcast with a bound, and a reader for each fiber, with the count of what it has read. */
  private static final class Bounded {
    private final Broadcast<Integer> broadcast;
    private final Broadcast.Cursor<Integer> start;
    private final Map<Fiber, Broadcast.Reader<Integer>> readers = new HashMap<>();
    private final Map<Fiber, Integer> counts = new HashMap<>();

    Bounded(int bound) {
      broadcast = Broadcast.bounded(bound);
      start = broadcast.tap();
    }

    Broadcast.Reader<Integer> reader() {
      return readers.computeIfAbsent(Fiber.current(), fiber -> start.reader());
    }

    String have(int value) {
      int before = counts.merge(Fiber.current(), 1, Integer::sum) - 1;
      return "read0=" + value + "@" + (before + reader().missed());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void bounded(int bound) {
    new Experiment<>(
            () -> new Bounded(bound), new BroadcastModel(BroadcastClosedException.class, bound))
        .operation("publish0", 3, (of, value) -> run(() -> of.broadcast.publish(value)))
        .operation("publish0", 3, (of, value) -> run(() -> of.broadcast.publish(value)))
        .operation("read0", (of, none) -> of.have(of.reader().read()))
        .operation("read0", (of, none) -> of.have(of.reader().readEvent().sync()))
        .operation("close0", (of, none) -> run(of.broadcast::close))
        .fibers(4)
        .check();
  }

  @Test
  void closed() {
    new Experiment<>(() -> new Followed(0), new BroadcastModel(BroadcastClosedException.class))
        .operation("publish0", 3, (of, value) -> run(() -> of.broadcast.publish(value)))
        .operation("read0", (of, none) -> of.read())
        .operation("read0", (of, none) -> of.readEvent().sync())
        .operation("read0", (of, none) -> of.readNext())
        .operation("close0", (of, none) -> run(of.broadcast::close))
        .fibers(4)
        .check();
  }

  private static Event<String> either(List<Followed> broadcasts) {
    return Event.choose(broadcasts.get(0).readEvent(), broadcasts.get(1).readEvent());
  }

  private static Experiment<List<Followed>> choices(int cancelations) {
    Supplier<List<Followed>> two = () -> List.of(new Followed(0), new Followed(1));
    Experiment<List<Followed>> experiment =
        new Experiment<>(two, new BroadcastModel(IllegalStateException.class));
    for (int i = 0; i < 2; i++) {
      int which = i;
      experiment.operation(
          "publish" + i, 3, (of, value) -> run(() -> of.get(which).broadcast.publish(value)));
    }
    return experiment
        .operation("read0 read1", (of, none) -> either(of).sync())
        .operation("read0 read1", (of, none) -> either(of).sync())
        .operation("read0", (of, none) -> of.get(0).read())
        .fibers(4)
        .cancelations(cancelations);
  }

  @Test
  void choices() {
    choices(2)
        .operation("read0 read1", (of, none) -> poll(either(of)))
        .operation("tap0", (of, none) -> run(of.get(0)::tap))
        .check();
  }

  @Test
  void choices_canceledOften() {
    choices(8).check();
  }

  @Test
  void choices_poisoned() {
    choices(2)
        .operation(
            "poison1", (of, none) -> of.get(1).broadcast.tryPoison(new IllegalStateException()))
        .check();
  }
}
