package dev.picos.tests.linearizability;

import static dev.picos.tests.linearizability.Experiment.run;

import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.sync.Semaphore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Exactly those who asked for it are told that an event was not chosen, by whatever became of the
 * synchronization, and guards run once in each.
 */
@Tag("explored")
class NackLinearizabilityTest {
  private record Request(int number, Channel<Integer> reply, Event<?> nack) {}

  /** A service, for which a server works now and then. */
  private static final class Service {
    private final Deque<Request> requests = new ArrayDeque<>();
    private final Semaphore permits = new Semaphore(0);
    private int calls;

    String call() {
      int number = ++calls;
      int[] guards = {0};
      Event<String> reply =
          Event.withNack(
              nack -> {
                guards[0]++;
                Request request = new Request(number, Channel.rendezvous(), nack);
                requests.add(request);
                return request.reply.receiveEvent().map(item -> "replied " + item);
              });
      try {
        String got = Event.select(reply, permits.acquireEvent().map(none -> "permitted " + number));
        return guards[0] == 1 ? got : "guarded " + guards[0];
      } catch (CancellationException thrown) {
        return "canceled " + number;
      }
    }

    /** Offers a reply until the client takes it or withdraws; a canceled server may be replaced. */
    String serve() {
      Request request = requests.poll();
      if (request == null) {
        return "idle";
      }
      try {
        return Event.select(
            request.reply.sendEvent(request.number).map(sent -> "served " + request.number),
            request.nack.map(none -> "stopped " + request.number));
      } catch (CancellationException thrown) {
        requests.addFirst(request);
        throw thrown;
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 8})
  void servers(int cancelations) {
    new Experiment<>(Service::new, new NackModel())
        .operation("call", (service, none) -> service.call())
        .operation("call", (service, none) -> service.call())
        .operation("serve", (service, none) -> service.serve())
        .operation("permit", (service, none) -> run(service.permits::release))
        .fibers(4)
        .length(3)
        .cancelations(cancelations)
        .check();
  }

  /** A result that no model expects. */
  private enum Nack {
    WRONG
  }

  /** Sees which of the events in one synchronization are chosen, and which are told that not. */
  private static final class Witness {
    private final List<Event<Void>> nacks = new ArrayList<>();
    private final Set<Integer> chosen = new HashSet<>();
    private int guards;

    Event<Object> watch(Event<Object> event) {
      return Event.guard(
          () -> {
            guards++;
            return Event.withNack(
                nack -> {
                  int number = nacks.size();
                  nacks.add(nack);
                  return event.wrap(value -> choose(number, value));
                });
          });
    }

    private Object choose(int number, Object value) {
      chosen.add(number);
      return nacks.get(number).poll() == null ? value : Nack.WRONG;
    }

    /** Synchronizes on an event that consists of so many that are watched. */
    Object sync(Event<Object> event, int watched) {
      try {
        Object result = event.wrap(value -> isConsistent(watched) ? value : Nack.WRONG).sync();
        return isConsistent(watched) ? result : Nack.WRONG;
      } catch (CancellationException thrown) {
        if (chosen.isEmpty() && isConsistent(watched)) {
          throw thrown;
        }
        return Nack.WRONG;
      }
    }

    private boolean isConsistent(int watched) {
      boolean consistent = guards == watched && nacks.size() == watched;
      for (int i = 0; i < nacks.size(); i++) {
        consistent &= (nacks.get(i).poll() == null) == chosen.contains(i);
      }
      return consistent;
    }
  }

  private static Event<Object> receive(List<Channel<Integer>> of, int which) {
    return of.get(which).receiveEvent().map(item -> "receive" + which + "=" + item);
  }

  private static Event<Object> send(List<Channel<Integer>> of, int which, int item) {
    return of.get(which).sendEvent(item).map(sent -> "send" + which);
  }

  private static Object nested(Event<Object> one, Event<Object> other, Event<Object> third) {
    Witness witness = new Witness();
    Event<Object> inner = Event.choose(witness.watch(one), witness.watch(other));
    return witness.sync(Event.choose(witness.watch(inner), witness.watch(third)), 4);
  }

  /** Besides, each choice does what it would do without nacks. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void nestedChoices(int capacity) {
    Supplier<List<Channel<Integer>>> two = () -> List.of(make(capacity), make(capacity));
    new Experiment<>(two, new ChannelModel(capacity))
        .operation(
            "receive0 receive1",
            (of, none) -> nested(receive(of, 0), receive(of, 1), receive(of, 0)))
        .operation(
            "send0 receive1",
            5,
            (of, item) -> nested(send(of, 0, item), receive(of, 1), Event.never()))
        .operation(
            "send1 receive0",
            5,
            (of, item) -> nested(Event.never(), receive(of, 0), send(of, 1, item)))
        .operation("send0", 5, (of, item) -> send(of, 0, item).sync())
        .fibers(4)
        .length(3)
        .check();
  }

  private static Channel<Integer> make(int capacity) {
    return capacity == 0 ? Channel.rendezvous() : Channel.buffered(capacity);
  }
}
