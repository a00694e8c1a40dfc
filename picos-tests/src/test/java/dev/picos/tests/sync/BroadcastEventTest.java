package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Broadcast;
import dev.picos.std.sync.Ivar;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

class BroadcastEventTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException poison = new IllegalStateException("poison");
  private final Broadcast<Integer> broadcast = new Broadcast<>();

  @OnEveryScheduler
  void cursor_isReady(Scheduler scheduler) {
    // The event of a cursor gives its value, at any time and any number of times
    scheduler.run(
        () -> {
          Broadcast.Cursor<Integer> cursor = broadcast.tap();
          Event<Integer> event = cursor.readEvent();
          assertThat(event.poll()).isNull();
          broadcast.publish(1);
          broadcast.publish(2);
          for (int i = 0; i < 2; i++) {
            assertThat(event.sync()).isEqualTo(1);
            assertThat(event.poll().value()).isEqualTo(1);
          }
          assertThat(cursor.next().readEvent().sync()).isEqualTo(2);
        });
  }

  @OnEveryScheduler
  void reader_movesOn(Scheduler scheduler) {
    // each synchronization on the event of a reader reads the next value, as reading does
    scheduler.run(
        () -> {
          Broadcast.Reader<Integer> reader = broadcast.tap().reader();
          Event<Integer> event = reader.readEvent();
          assertThat(event.poll()).isNull();
          IntStream.range(0, 5).forEach(broadcast::publish);
          assertThat(event.sync()).isEqualTo(0);
          assertThat(reader.read()).isEqualTo(1);
          assertThat(event.poll().value()).isEqualTo(2);
          assertThat(Event.select(event, event)).isEqualTo(3);
          assertThat(reader.readEvent().map(value -> reader.cursor().peek()).sync())
              .isEqualTo(reader.cursor().peek())
              .isNull();
          assertThat(event.poll()).isNull();
        });
  }

  @OnEveryScheduler
  void event_waits(Scheduler scheduler) {
    // all that wait for the event at one position are woken by the value there
    scheduler.run(
        () -> {
          Broadcast.Cursor<Integer> end = broadcast.tap();
          List<Computation<Integer>> fibers = new ArrayList<>();
          for (int i = 0; i < 5; i++) {
            Broadcast.Reader<Integer> reader = end.reader();
            fibers.add(Fibers.start(() -> end.readEvent().sync()));
            fibers.add(Fibers.start(() -> Event.select(Event.never(), reader.readEvent())));
            Fiber.yield();
          }
          assertThat(fibers).allMatch(Computation::isRunning);
          broadcast.publish(7);
          assertThat(fibers).allSatisfy(fiber -> assertThat(fiber.await()).isEqualTo(7));
        });
  }

  @OnEveryScheduler
  void event_ofPoison(Scheduler scheduler) {
    // poison comes out of the event, of a reader now and ever after, and wakes those who wait
    scheduler.run(
        () -> {
          Broadcast.Reader<Integer> reader = broadcast.tap().reader();
          Broadcast.Reader<Integer> other = broadcast.tap().reader();
          broadcast.publish(1);
          assertThat(other.read()).isEqualTo(1);
          Computation<Integer> waiting = Fibers.start(() -> other.readEvent().sync());
          Fiber.yield();
          broadcast.poison(poison);
          assertThatThrownBy(waiting::await).isSameAs(poison);
          assertThat(reader.readEvent().sync()).isEqualTo(1);
          for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> reader.readEvent().sync()).isSameAs(poison);
            assertThatThrownBy(() -> reader.readEvent().poll()).isSameAs(poison);
          }
          assertThat(reader.cursor()).isSameAs(broadcast.tap());
        });
  }

  @OnEveryScheduler
  void event_ofCheckedPoison(Scheduler scheduler) {
    // a checked one is carried by a ComputationException
    IOException checked = new IOException("checked");
    broadcast.poison(checked);
    scheduler.run(
        () ->
            assertThatThrownBy(() -> broadcast.tap().readEvent().sync())
                .isInstanceOf(ComputationException.class)
                .hasCause(checked));
  }

  @OnEveryScheduler
  void event_canceled(Scheduler scheduler) {
    // None if there is something to be read; else before and while it waits. The reader is
    // where it was then
    scheduler.run(
        () -> {
          Broadcast.Reader<Integer> reader = broadcast.tap().reader();
          Event<Integer> event = reader.readEvent();
          Canceled.with(reason, () -> assertThatThrownBy(event::sync).isSameAs(reason));
          Computation<Object> computation = new Computation<>();
          Computation<Object> fiber = Fibers.startUnder(computation, event::sync);
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          computation.tryCancel(reason);
          assertThatThrownBy(fiber::await).isSameAs(reason);
          broadcast.publish(1);
          Canceled.with(reason, () -> assertThat(event.sync()).isEqualTo(1));
          broadcast.poison(poison);
          Canceled.with(reason, () -> assertThatThrownBy(event::sync).isSameAs(poison));
        });
  }

  @OnEveryScheduler
  void event_canceledAfterTheValue(Scheduler scheduler) {
    // a value that comes at the same time as the cancelation is read now or next time
    scheduler.run(
        () -> {
          for (int round = 0; round < 200; round++) {
            Broadcast.Reader<Integer> reader = broadcast.tap().reader();
            Computation<Object> computation = new Computation<>();
            Computation<Integer> fiber =
                Fibers.startUnder(computation, () -> reader.readEvent().sync());
            for (int i = round % 5; i > 0; i--) {
              Fiber.yield();
            }
            Computation<Object> publisher =
                Fibers.start(
                    () -> {
                      broadcast.publish(1);
                      return null;
                    });
            computation.tryCancel(reason);
            fiber.join();
            publisher.await();
            if (fiber.isCanceled()) {
              assertThatThrownBy(fiber::await).isSameAs(reason);
              assertThat(reader.read()).isEqualTo(1);
            }
            assertThat(reader.cursor()).isSameAs(broadcast.tap());
          }
        });
  }

  @OnEveryScheduler
  void select_whatLoses(Scheduler scheduler) {
    // a reader whose event was not chosen has not moved, though its value may have come meanwhile
    scheduler.run(
        () -> {
          Broadcast.Reader<Integer> reader = broadcast.tap().reader();
          Ivar<Integer> other = new Ivar<>();
          Event<Integer> both = Event.choose(reader.readEvent(), other.readEvent());
          Computation<Integer> fiber = Fibers.start(both::sync);
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          other.fill(7);
          broadcast.publish(1);
          int first = fiber.await();
          assertThat(reader.readEvent().poll() == null).isEqualTo(first == 1);
          assertThat(both.sync()).isEqualTo(7);
        });
  }

  @OnEveryScheduler
  void select_exactlyOne(Scheduler scheduler) {
    // two sequences that are read by choice give all of their values, each in its order, once, to
    // a reader that is canceled now and then
    int values = 300;
    Broadcast<Integer> other = new Broadcast<>();
    Broadcast.Reader<Integer> one = broadcast.tap().reader();
    Broadcast.Reader<Integer> two = other.tap().reader();
    List<Integer> ones = new ArrayList<>();
    List<Integer> twos = new ArrayList<>();
    AtomicReference<Computation<Object>> attempt = new AtomicReference<>(new Computation<>());
    Event<Boolean> event =
        Event.choose(one.readEvent().map(ones::add), two.readEvent().map(twos::add));
    scheduler.run(
        () -> {
          Computation<Object> reading =
              Fibers.start(
                  () -> {
                    while (ones.size() + twos.size() < 2 * values) {
                      attempt.set(new Computation<>());
                      try {
                        Canceled.under(attempt.get(), () -> assertThat(event.sync()).isTrue());
                      } catch (CancellationException again) {
                        assertThat(again).isSameAs(reason);
                      }
                    }
                    return null;
                  });
          Run.all(
              List.of(
                  () -> publish(broadcast, values),
                  () -> publish(other, values),
                  () -> {
                    while (reading.isRunning()) {
                      attempt.get().tryCancel(reason);
                      Fiber.yield();
                    }
                  }));
          reading.await();
        });

    assertThat(ones).containsExactlyElementsOf(IntStream.range(0, values).boxed().toList());
    assertThat(twos).isEqualTo(ones);
  }

  private static void publish(Broadcast<Integer> to, int values) {
    SplittableRandom random = new SplittableRandom(values);
    for (int i = 0; i < values; i++) {
      to.publish(i);
      for (int j = random.nextInt(3); j > 0; j--) {
        Fiber.yield();
      }
    }
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) {
    // what is published under one scheduler is chosen under another
    Broadcast.Reader<Integer> reader = broadcast.tap().reader();
    one.run(() -> broadcast.publish(1));
    int read = other.call(() -> Event.select(Event.never(), reader.readEvent()));

    assertThat(read).isEqualTo(1);
  }

  @Alone
  @OnEveryKindOfScheduler
  void event_lostManyTimes(Scheduler scheduler) {
    // events that lost leave nothing at the end of the sequence
    Broadcast.Reader<Integer> reader = broadcast.tap().reader();
    Event<Integer> event =
        Event.choose(
            reader.readEvent(),
            reader.cursor().readEvent(),
            Event.fromRequest(
                offer -> {
                  offer.tryCommit(-1);
                  return null;
                }));
    long growth =
        scheduler.call(
            () -> {
              long before = Heap.used();
              for (int i = 0; i < 100_000; i++) {
                event.sync();
              }
              return Heap.used() - before;
            });

    assertThat(growth).isLessThan(4 * 100_000);
    broadcast.publish(1);
    assertThat(reader.read()).isEqualTo(1);
  }
}
