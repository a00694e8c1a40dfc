package dev.picos.tests.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.TerminateException;
import dev.picos.std.sync.Ivar;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The same question to several servers, as in {@link FirstOfManyTest}, but with events: the servers
 * are fibers of their own that live on, and are told when their answer is not wanted any more.
 */
class FirstOfManySelectTest {
  /** A question, where the answer goes, and what tells that it is not wanted any more. */
  record Request(String question, Ivar<String> answer, Event<Void> unwanted) {}

  /** A server, for those who ask. */
  record Server(Channel<Request> requests) {
    Server() {
      this(Channel.unbounded());
    }

    /** Asks when synchronized on, and gives the answer. */
    Event<String> ask(String question) {
      return Event.withNack(
          unwanted -> {
            Ivar<String> answer = new Ivar<>();
            requests.send(new Request(question, answer, unwanted));
            return answer.readEvent();
          });
    }
  }

  /** The first answer, or none if none comes in time. */
  static Event<Optional<String>> askAll(List<Server> servers, String question, Duration patience) {
    List<Event<Optional<String>>> answers = new ArrayList<>();
    for (Server server : servers) {
      answers.add(server.ask(question).map(Optional::of));
    }
    answers.add(Event.timeout(patience).map(nothing -> Optional.empty()));
    return Event.choose(answers);
  }

  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicInteger unwanted = new AtomicInteger();

  private Server answering() {
    Server server = new Server();
    Flock.fork(
        () -> {
          for (Request request : server.requests) {
            request.answer.fill(request.question + "? yes");
          }
        });
    return server;
  }

  /** One who works on each question until it is told to stop, and then does {@code last}. */
  private Server working(Consumer<Request> last) {
    Server server = new Server();
    Flock.fork(
        () -> {
          for (Request request : server.requests) {
            asked.incrementAndGet();
            request.unwanted.sync();
            last.accept(request);
            unwanted.incrementAndGet();
          }
        });
    return server;
  }

  private Server silent() {
    return working(request -> {});
  }

  /** One whose answer comes when it is not wanted any more. */
  private Server late() {
    return working(request -> request.answer.fill("late"));
  }

  private void awaitUnwanted(int count) {
    while (unwanted.get() < count) {
      Fiber.yield();
    }
    assertThat(asked).hasValue(count);
  }

  private static final Duration LONG = Duration.ofHours(1);
  private static final Duration SHORT = Duration.ofMillis(2);

  @OnEveryScheduler
  void oneAnswers(Scheduler scheduler) {
    // that answer counts; the others are told to stop, and are ready for the next question
    scheduler.run(
        () ->
            Flock.run(
                OnReturn.TERMINATE,
                () -> {
                  Event<Optional<String>> answer =
                      askAll(List.of(silent(), answering(), late()), "up", LONG);
                  for (int round = 1; round <= 20; round++) {
                    assertThat(answer.sync()).contains("up? yes");
                    awaitUnwanted(2 * round);
                  }
                }));
  }

  @OnEveryScheduler
  void nobodyAnswers(Scheduler scheduler) {
    // there is an end to it, and everyone is told
    scheduler.run(
        () ->
            Flock.run(
                OnReturn.TERMINATE,
                () -> {
                  assertThat(askAll(List.of(silent(), late(), silent()), "up", SHORT).sync())
                      .isEmpty();
                  awaitUnwanted(3);
                }));
  }

  @OnEveryScheduler
  void nobodyThere(Scheduler scheduler) {
    // and when there is nobody to ask
    assertThat(scheduler.call(() -> askAll(List.of(), "up", SHORT).sync())).isEmpty();
  }

  @OnEveryScheduler
  void callerIsCanceled(Scheduler scheduler) {
    // who asks may be told to stop, which is no timeout; the servers are told as well
    TerminateException reason = new TerminateException();
    scheduler.run(
        () ->
            Flock.run(
                OnReturn.TERMINATE,
                () -> {
                  Event<Optional<String>> answer = askAll(List.of(silent(), late()), "up", LONG);
                  Computation<Optional<String>> asking = Fibers.start(answer::sync);
                  while (asked.get() < 2) {
                    Fiber.yield();
                  }
                  asking.tryCancel(reason);
                  assertThatThrownBy(asking::await).isSameAs(reason);
                  awaitUnwanted(2);
                }));
  }

  @OnEveryScheduler
  void manyAsk(Scheduler scheduler) {
    // each gets an answer to its own question
    scheduler.run(
        () ->
            Flock.run(
                OnReturn.TERMINATE,
                () -> {
                  List<Server> servers = List.of(answering(), answering());
                  List<Computation<Optional<String>>> askers = new ArrayList<>();
                  for (int i = 0; i < 50; i++) {
                    String question = "up " + i;
                    askers.add(Fibers.start(() -> askAll(servers, question, LONG).sync()));
                  }
                  for (int i = 0; i < 50; i++) {
                    assertThat(askers.get(i).await()).contains("up " + i + "? yes");
                  }
                }));
  }
}
