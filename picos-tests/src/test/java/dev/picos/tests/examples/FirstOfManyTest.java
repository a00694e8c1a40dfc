package dev.picos.tests.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.ErrorsException;
import dev.picos.std.structured.Run;
import dev.picos.std.structured.TerminateException;
import dev.picos.std.sync.Latch;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** The same question to several servers: the first answer counts, and nobody waits too long. */
class FirstOfManyTest {
  /** Answers, fails, or waits until it is canceled. */
  interface Server {
    String ask(String question) throws IOException;
  }

  /**
   * Asks all at once, each with {@code patience}, and returns the first answer; the other questions
   * are canceled. A server that fails is as good as one that does not answer.
   */
  static String askAll(List<Server> servers, String question, Duration patience)
      throws TimeoutException {
    return first(
        servers.stream()
            .map(
                server ->
                    (Body<String, Exception>)
                        () -> Control.callWithin(patience, () -> server.ask(question)))
            .toList());
  }

  /**
   * The same, but gives each server a head start over the next: most questions are answered by the
   * first, and the others are spared.
   */
  static String askInTurn(
      List<Server> servers, String question, Duration headStart, Duration patience)
      throws TimeoutException {
    List<Body<String, Exception>> questions = new ArrayList<>();
    for (Server server : servers) {
      Duration delay = headStart.multipliedBy(questions.size());
      questions.add(
          () -> {
            Control.sleep(delay);
            return Control.callWithin(patience, () -> server.ask(question));
          });
    }
    return first(questions);
  }

  private static String first(List<Body<String, Exception>> questions) throws TimeoutException {
    try {
      return Run.firstSuccess(questions);
    } catch (ErrorsException | NoSuchElementException nobody) {
      throw new TimeoutException("no answer: " + nobody.getMessage());
    }
  }

  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicInteger canceled = new AtomicInteger();
  private final Latch silentAsked = new Latch(1);

  private final Server silent =
      question -> {
        asked.incrementAndGet();
        silentAsked.tryDecr();
        try {
          Control.block();
        } finally {
          canceled.incrementAndGet();
        }
        return "never";
      };

  private final Server failing =
      question -> {
        throw new IOException("connection reset");
      };

  private final Server answering = question -> question + "? yes";

  private static final Duration LONG = Duration.ofHours(1);
  private static final Duration SHORT = Duration.ofMillis(2);

  @OnEveryScheduler
  void oneAnswers(Scheduler scheduler) throws TimeoutException {
    // the answer comes although others fail or are silent, and those are not left behind
    String answer =
        scheduler.call(() -> askAll(List.of(silent, failing, silent, answering), "up", LONG));

    assertThat(answer).isEqualTo("up? yes");
    assertThat(canceled).hasValue(asked.get());
  }

  @OnEveryScheduler
  void nobodyAnswers(Scheduler scheduler) {
    // when all fail or take too long, there is an end to it
    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(
            () -> scheduler.call(() -> askAll(List.of(silent, failing, silent), "up", SHORT)));
    assertThat(asked).hasValue(2);
    assertThat(canceled).hasValue(2);
  }

  @OnEveryScheduler
  void nobodyThere(Scheduler scheduler) {
    // and when there is nobody to ask
    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(() -> scheduler.call(() -> askAll(List.of(), "up", SHORT)));
  }

  @OnEveryScheduler
  void inTurn_firstAnswers(Scheduler scheduler) throws TimeoutException {
    // the others are not even asked
    String answer =
        scheduler.call(() -> askInTurn(List.of(answering, silent, silent), "up", LONG, LONG));

    assertThat(answer).isEqualTo("up? yes");
    assertThat(asked).hasValue(0);
  }

  @OnEveryScheduler
  void inTurn_secondAnswers(Scheduler scheduler) throws TimeoutException {
    // a silent one costs no more than its head start
    String answer = scheduler.call(() -> askInTurn(List.of(silent, answering), "up", SHORT, LONG));

    assertThat(answer).isEqualTo("up? yes");
    assertThat(canceled).hasValue(asked.get());
  }

  @OnEveryScheduler
  void callerIsCanceled(Scheduler scheduler) {
    // who asks may be told to stop, which is no timeout
    TerminateException reason = new TerminateException();
    scheduler.run(
        () -> {
          Computation<String> asking =
              Fibers.start(() -> askAll(List.of(silent, silent), "up", LONG));
          silentAsked.await();
          asking.tryCancel(reason);
          assertThatThrownBy(asking::await).isSameAs(reason);
        });
  }
}
