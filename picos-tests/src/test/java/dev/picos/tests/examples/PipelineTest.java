package dev.picos.tests.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.channel.ChannelClosedException;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminatedException;
import dev.picos.tests.OnEveryScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Stages that work on items one after the other, each in a fiber, with bounded channels in between:
 * who is slow holds back those before it, and who is ahead waits.
 */
class PipelineTest {
  private static final int CAPACITY = 3;
  private static final int STAGES = 2;

  /** What may be under way when the sink does not take anything: all buffers, and all hands. */
  private static final int MOST = (STAGES + 1) * CAPACITY + STAGES;

  private final AtomicInteger sent = new AtomicInteger();
  private final AtomicInteger ended = new AtomicInteger();

  /** Sends the numbers from 0 up. */
  private void source(Channel<Integer> out, int count) {
    try {
      for (int i = 0; i < count; i++) {
        out.send(i);
        sent.incrementAndGet();
      }
      out.close();
    } finally {
      ended.incrementAndGet();
    }
  }

  /**
   * Passes on what {@code work} makes of each item, until the end. An end that is no good one is
   * told in both directions: those after this stage get no more, and those before it need not go
   * on.
   */
  private void stage(Channel<Integer> in, Channel<Integer> out, UnaryOperator<Integer> work) {
    try {
      for (Integer item : in) {
        out.send(work.apply(item));
      }
      out.close();
    } catch (RuntimeException e) {
      Control.check(); // who is canceled has not failed, and its neighbours are canceled as well
      Throwable cause = e instanceof ChannelClosedException closed ? closed.getCause() : e;
      in.close(cause);
      out.close(cause);
    } finally {
      ended.incrementAndGet();
    }
  }

  /** Starts a source of so many items and the stages, and returns what the last one sends to. */
  private Channel<Integer> start(int count, UnaryOperator<Integer> work) {
    Channel<Integer> first = Channel.buffered(CAPACITY);
    Flock.fork(
        () -> {
          try {
            source(first, count);
          } catch (ChannelClosedException nobodyWantsMore) {
            // so it ends
          }
        });
    Channel<Integer> in = first;
    for (int i = 0; i < STAGES; i++) {
      Channel<Integer> from = in;
      Channel<Integer> to = Channel.buffered(CAPACITY);
      Flock.fork(() -> stage(from, to, work));
      in = to;
    }
    return in;
  }

  @OnEveryScheduler
  void allItemsArrive(Scheduler scheduler) {
    // in order, and then the end of them
    List<Integer> received = new ArrayList<>();
    scheduler.run(
        () ->
            Flock.run(
                () -> {
                  for (Integer item : start(200, i -> i + 1)) {
                    received.add(item);
                  }
                }));

    assertThat(received).isEqualTo(IntStream.range(STAGES, 200 + STAGES).boxed().toList());
  }

  @OnEveryScheduler
  void sinkTakesNothing_sourceIsHeldBack(Scheduler scheduler) {
    // it sends what has room in the buffers and in the hands of the stages, and then waits
    scheduler.run(
        () ->
            Flock.run(
                OnReturn.TERMINATE,
                () -> {
                  Channel<Integer> last = start(Integer.MAX_VALUE, i -> i);
                  for (int received = 0; received < 50; received++) {
                    while (sent.get() < MOST + received) {
                      Fiber.yield();
                    }
                    for (int i = 0; i < 20; i++) {
                      Fiber.yield();
                    }
                    assertThat(sent).hasValue(MOST + received);
                    assertThat(last.receive()).isEqualTo(received);
                  }
                }));
  }

  @OnEveryScheduler
  void stageFails(Scheduler scheduler) {
    // the sink gets what came before that, and then the failure; the source stops
    RuntimeException failure = new ArithmeticException("by zero");
    AtomicInteger received = new AtomicInteger();
    scheduler.run(
        () ->
            Flock.run(
                () -> {
                  Channel<Integer> last =
                      start(
                          Integer.MAX_VALUE,
                          i -> {
                            if (i == 100) {
                              throw failure;
                            }
                            return i;
                          });
                  assertThatExceptionOfType(ChannelClosedException.class)
                      .isThrownBy(
                          () -> {
                            for (Integer item : last) {
                              assertThat(item).isEqualTo(received.getAndIncrement());
                            }
                          })
                      .withCause(failure);
                }));

    assertThat(received).hasValue(100);
    assertThat(sent).hasValueLessThanOrEqualTo(101 + MOST);
    assertThat(ended).hasValue(STAGES + 1);
  }

  @OnEveryScheduler
  void sinkHasEnough(Scheduler scheduler) {
    // it closes its channel, and each stage tells the one before it, up to the source
    int wanted = 20;
    scheduler.run(
        () ->
            Flock.run(
                () -> {
                  Channel<Integer> last = start(Integer.MAX_VALUE, i -> i);
                  for (int i = 0; i < wanted; i++) {
                    assertThat(last.receive()).isEqualTo(i);
                  }
                  last.close();
                }));

    assertThat(sent).hasValueBetween(wanted, wanted + 2 * MOST);
    assertThat(ended).hasValue(STAGES + 1);
  }

  @OnEveryScheduler
  void canceled(Scheduler scheduler) {
    // all of it stops, wherever each stage waits
    scheduler.run(
        () ->
            Flock.run(
                () -> {
                  Promise<Integer> pipeline =
                      Flock.forkAsPromise(
                          () ->
                              Flock.call(
                                  () -> {
                                    int sum = 0;
                                    for (Integer item : start(Integer.MAX_VALUE, i -> i)) {
                                      sum += item;
                                    }
                                    return sum;
                                  }));
                  while (sent.get() < 3 * MOST) {
                    Fiber.yield();
                  }
                  pipeline.terminate();
                  assertThatThrownBy(pipeline::await).isInstanceOf(TerminatedException.class);
                }));

    assertThat(ended).hasValue(STAGES + 1);
  }
}
