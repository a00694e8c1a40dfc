package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.sync.Broadcast;
import dev.picos.std.sync.BroadcastClosedException;
import dev.picos.std.sync.Latch;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.io.IOException;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BroadcastTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException poison = new IllegalStateException("poison");
  private final Broadcast<Integer> broadcast = new Broadcast<>();

  @Test
  void tap_seesWhatComesLater() {
    // A cursor sees all values from where it was taken, in order, and none before
    broadcast.publish(1);
    Broadcast.Cursor<Integer> first = broadcast.tap();
    broadcast.publish(2);
    Broadcast.Cursor<Integer> second = broadcast.tap();
    broadcast.publish(3);

    assertThat(first.read()).isEqualTo(2);
    assertThat(first.next().read()).isEqualTo(3);
    assertThat(second.read()).isEqualTo(3);
    assertThat(second.next().peek()).isNull();
    assertThat(first.next()).isSameAs(second);
    assertThat(second.next()).isSameAs(broadcast.tap());
  }

  @Test
  void cursor_isImmutable() {
    // A cursor reads the same, and leads to the same, every time
    Broadcast.Cursor<Integer> cursor = broadcast.tap();
    assertThat(cursor.peek()).isNull();
    assertThat(cursor).hasToString("Cursor[at the end]");

    broadcast.publish(1);
    broadcast.publish(2);

    for (int i = 0; i < 2; i++) {
      assertThat(cursor.peek()).isEqualTo(new Outcome.Returned<>(1));
      assertThat(cursor.read()).isEqualTo(1);
      assertThat(cursor.next()).isSameAs(cursor.next());
    }
    assertThat(cursor).hasToString("Cursor[before 1]");
  }

  @Test
  void nullIsAValue() {
    // null is a value, and is no poison
    Broadcast<Object> broadcast = new Broadcast<>();
    Broadcast.Cursor<Object> cursor = broadcast.tap();

    broadcast.publish(null);

    assertThat(cursor.read()).isNull();
    assertThat(cursor.peek()).isEqualTo(new Outcome.Returned<>(null));
    assertThatNullPointerException().isThrownBy(() -> broadcast.poison(null));
    assertThatNullPointerException().isThrownBy(() -> broadcast.tryPoison(null));
    broadcast.publish(1);
    assertThat(cursor.next().read()).isEqualTo(1);
  }

  @Test
  void poison_ends() {
    // what was published before poison is read, and then the poison, that very object
    Broadcast.Cursor<Integer> cursor = broadcast.tap();
    broadcast.publish(1);
    assertThat(broadcast).hasToString("Broadcast[open]");

    assertThat(broadcast.tryPoison(poison)).isTrue();

    assertThat(cursor.read()).isEqualTo(1);
    Broadcast.Cursor<Integer> end = cursor.next();
    assertThat(end.peek()).isEqualTo(new Outcome.Canceled<>(poison));
    assertThatThrownBy(end::read).isSameAs(poison);
    assertThatThrownBy(() -> end.read(Duration.ZERO)).isSameAs(poison);
    assertThatThrownBy(end::next).isSameAs(poison);
    assertThat(broadcast.tap()).isSameAs(end);
    assertThatThrownBy(() -> broadcast.publish(2)).isSameAs(poison);
    assertThat(cursor.read()).isEqualTo(1);
    assertThat(broadcast).hasToString("Broadcast[poisoned with " + poison + "]");
    assertThat(end).hasToString("Cursor[poisoned with " + poison + "]");
  }

  @Test
  void poison_twice() {
    // To poison again changes nothing, and is no error
    broadcast.poison(poison);

    assertThat(broadcast.tryPoison(reason)).isFalse();
    broadcast.poison(reason);

    assertThatThrownBy(() -> broadcast.publish(1)).isSameAs(poison);
    assertThatThrownBy(() -> broadcast.tap().read()).isSameAs(poison);
  }

  @Test
  void poison_checked() {
    // a checked one is carried by a ComputationException, so that it is not taken for a timeout
    TimeoutException checked = new TimeoutException("of somebody else");
    broadcast.poison(checked);

    assertThatThrownBy(() -> broadcast.publish(1))
        .isInstanceOf(ComputationException.class)
        .hasCause(checked);
    assertThatThrownBy(() -> broadcast.tap().read(Duration.ofDays(1)))
        .isInstanceOf(ComputationException.class)
        .hasCause(checked);
    assertThatThrownBy(() -> broadcast.tap().reader().read())
        .isInstanceOf(ComputationException.class)
        .hasCause(checked);
  }

  @Test
  void reader_movesOn() throws Exception {
    // a reader reads one value after the other, stays where it could not read, and at the poison
    Broadcast.Reader<Integer> reader = broadcast.tap().reader();
    broadcast.publish(1);
    broadcast.publish(2);

    assertThat(reader.read()).isEqualTo(1);
    Broadcast.Cursor<Integer> second = reader.cursor();
    assertThat(reader.read(Duration.ZERO)).isEqualTo(2);
    assertThatThrownBy(() -> reader.read(Duration.ZERO)).isInstanceOf(TimeoutException.class);
    Canceled.with(reason, () -> assertThatThrownBy(reader::read).isSameAs(reason));
    broadcast.publish(3);
    assertThat(reader).hasToString("Reader[Cursor[before 3]]");
    assertThat(reader.read()).isEqualTo(3);
    broadcast.poison(poison);
    assertThatThrownBy(reader::read).isSameAs(poison);
    assertThatThrownBy(reader::read).isSameAs(poison);
    assertThat(second.reader().read()).isEqualTo(2);
  }

  @OnEveryScheduler
  void read_waits(Scheduler scheduler) {
    // All that wait at the end are woken by the value, or by the poison
    scheduler.run(
        () -> {
          Broadcast.Cursor<Integer> end = broadcast.tap();
          List<Computation<Integer>> readers = new ArrayList<>();
          List<Computation<Integer>> victims = new ArrayList<>();
          for (int i = 0; i < 10; i++) {
            readers.add(Fibers.start(() -> end.read()));
            victims.add(Fibers.start(() -> end.next().read()));
            Fiber.yield();
          }
          broadcast.publish(7);
          assertThat(readers).allSatisfy(reader -> assertThat(reader.await()).isEqualTo(7));
          assertThat(victims).allMatch(Computation::isRunning);
          broadcast.poison(poison);
          assertThat(victims)
              .allSatisfy(victim -> assertThatThrownBy(victim::await).isSameAs(poison));
        });
  }

  @OnEveryScheduler
  void manyToMany(Scheduler scheduler) {
    // Every reader sees the same sequence, in which each publisher's values are in order
    int publishers = 3;
    int values = 500;
    scheduler.run(
        () -> {
          List<Computation<List<Integer>>> readers = new ArrayList<>();
          Latch tapped = new Latch(4);
          for (int i = 0; i < 4; i++) {
            readers.add(Fibers.start(() -> readToTheEnd(tapped)));
          }
          tapped.await();
          Bundle.run(
              bundle -> {
                for (int publisher = 0; publisher < publishers; publisher++) {
                  int offset = publisher * values;
                  bundle.fork(
                      () -> {
                        for (int i = 0; i < values; i++) {
                          broadcast.publish(offset + i);
                          if (i % 10 == 0) {
                            Fiber.yield();
                          }
                        }
                      });
                }
              });
          broadcast.poison(poison);
          List<Integer> sequence = readers.get(0).await();
          assertThat(readers).allSatisfy(reader -> assertThat(reader.await()).isEqualTo(sequence));
          assertThat(sequence).hasSize(publishers * values);
          for (int publisher = 0; publisher < publishers; publisher++) {
            int of = publisher;
            assertThat(sequence.stream().filter(value -> value / values == of))
                .containsExactlyElementsOf(
                    IntStream.range(of * values, (of + 1) * values).boxed().toList());
          }
        });
  }

  private List<Integer> readToTheEnd(Latch tapped) {
    Broadcast.Reader<Integer> reader = broadcast.tap().reader();
    tapped.decr();
    List<Integer> sequence = new ArrayList<>();
    try {
      for (; ; ) {
        sequence.add(reader.read());
      }
    } catch (IllegalStateException thrown) {
      assertThat(thrown).isSameAs(poison);
      return sequence;
    }
  }

  @OnEveryScheduler
  void race_ofPublishAndPoison(Scheduler scheduler) {
    // a value is there exactly when publish returned, and nothing is after the poison
    scheduler.run(
        () -> {
          for (int round = 0; round < 300; round++) {
            Broadcast<Integer> each = new Broadcast<>();
            Broadcast.Reader<Integer> reader = each.tap().reader();
            AtomicInteger published = new AtomicInteger();
            List<Computation<Object>> publishers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
              publishers.add(
                  Fibers.start(
                      () -> {
                        for (; ; ) {
                          each.publish(1);
                          published.incrementAndGet();
                          Fiber.yield();
                        }
                      }));
            }
            for (int i = round % 7; i > 0; i--) {
              Fiber.yield();
            }
            each.poison(poison);
            publishers.forEach(publisher -> assertThatThrownBy(publisher::await).isSameAs(poison));
            for (int i = 0; i < published.get(); i++) {
              assertThat(reader.read()).isEqualTo(1);
            }
            assertThatThrownBy(reader::read).isSameAs(poison);
          }
        });
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers, and plain threads, publish and read
    Broadcast<Integer> back = new Broadcast<>();
    Broadcast.Reader<Integer> there = broadcast.tap().reader();
    Broadcast.Reader<Integer> here = back.tap().reader();
    Task<Object> echo =
        Task.start(
            () ->
                one.call(
                    () -> {
                      for (int i = 0; i < 20; i++) {
                        back.publish(there.read() + 1);
                      }
                      return "echoed";
                    }));
    Task<Object> caller =
        Task.start(
            () ->
                other.call(
                    () -> {
                      for (int i = 0; i < 20; i++) {
                        broadcast.publish(i);
                        assertThat(here.read()).isEqualTo(i + 1);
                      }
                      return "called";
                    }));

    assertThat(caller.result()).isEqualTo("called");
    assertThat(echo.result()).isEqualTo("echoed");
  }

  @OnEveryScheduler
  void happensBefore_publishRead(Scheduler scheduler) {
    // what is done before publish is seen after read, without further synchronization
    scheduler.run(
        () -> {
          int[] plain = new int[1_000];
          Broadcast.Reader<Integer> reader = broadcast.tap().reader();
          Computation<Object> publisher =
              Fibers.start(
                  () -> {
                    for (int i = 0; i < plain.length; i++) {
                      plain[i] = i + 1;
                      broadcast.publish(i);
                    }
                    return "published";
                  });
          for (int i = 0; i < plain.length; i++) {
            int index = reader.read();
            assertThat(plain[index]).isEqualTo(index + 1);
          }
          publisher.await();
        });
  }

  @OnEveryScheduler
  void read_canceled(Scheduler scheduler) {
    // A canceled fiber throws its reason, unless there is a value or poison to be read
    scheduler.run(
        () -> {
          Broadcast.Cursor<Integer> end = broadcast.tap();
          Computation<Object> computation = new Computation<>();
          Computation<Object> reader = Fibers.startUnder(computation, () -> end.read());
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          computation.tryCancel(reason);
          assertThatThrownBy(reader::await).isSameAs(reason);
          Canceled.with(
              reason,
              () -> {
                assertThatThrownBy(end::read).isSameAs(reason);
                assertThatThrownBy(end::next).isSameAs(reason);
                broadcast.publish(1);
                assertThat(end.read()).isEqualTo(1);
                broadcast.poison(poison);
                assertThatThrownBy(() -> end.next().read()).isSameAs(poison);
              });
        });
  }

  @OnEveryScheduler
  void read_forbidden(Scheduler scheduler) {
    // where cancelation is forbidden read goes on waiting
    scheduler.run(
        () -> {
          Broadcast.Cursor<Integer> end = broadcast.tap();
          Computation<Object> computation = new Computation<>();
          Computation<Object> reader =
              Fibers.startUnder(computation, () -> Control.callProtected(() -> end.read()));
          Fiber.yield();
          computation.tryCancel(reason);
          Fiber.yield();
          assertThat(reader.isRunning()).isTrue();
          broadcast.publish(1);
          assertThat(reader.await()).isEqualTo(1);
        });
  }

  @Alone
  @OnEveryKindOfScheduler
  void canceledReads_leaveNothing(Scheduler scheduler) {
    // Reads at the end that were canceled leave nothing behind
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  readCanceled(1_000);
                  long before = Heap.used();
                  readCanceled(100_000);
                  assertThat(Heap.used() - before).isLessThan(4 * 100_000);
                }));
  }

  private void readCanceled(int times) {
    Broadcast.Cursor<Integer> end = broadcast.tap();
    for (int i = 0; i < times; i++) {
      try {
        throw new AssertionError("read " + end.read());
      } catch (CancellationException thrown) {
        assertThat(thrown).isSameAs(reason);
      }
    }
  }

  @Alone
  @Test
  void values_withoutCursor() {
    // Ten million values that nobody follows leave nothing
    long before = Heap.used();
    Broadcast<Integer> young = new Broadcast<>();

    for (int i = 0; i < 10_000_000; i++) {
      young.publish(i);
    }

    assertThat(Heap.used() - before).isLessThan(4 << 20);
    assertThat(young.tap().peek()).isNull();
  }

  @Alone
  @Test
  void values_thatAreRead() {
    // Nor do ten million that a reader follows
    long before = Heap.used();
    Broadcast<Integer> young = new Broadcast<>();
    Broadcast.Reader<Integer> reader = young.tap().reader();

    for (int i = 0; i < 10_000_000; i++) {
      young.publish(i);
      if (reader.read() != i) {
        throw new AssertionError("not read: " + i);
      }
    }

    assertThat(Heap.used() - before).isLessThan(4 << 20);
    Reference.reachabilityFence(reader);
  }

  @Alone
  @Test
  void values_thatFollowAnOldOne() {
    // Nor do those after one that the old generation has got; collectors just see to it late
    long before = Heap.used();

    for (int i = 0; i < 1_000_000; i++) {
      broadcast.publish(i);
    }

    assertThat(Heap.used() - before).isLessThan(4 << 20);
    assertThat(broadcast.tap().peek()).isNull();
  }

  @Test
  void values_behindACursor() {
    // A value is kept while a cursor stands before it, and no longer
    Broadcast<Object> objects = new Broadcast<>();
    Broadcast.Cursor<Object> cursor = objects.tap();
    WeakReference<Object> first = publishGarbage(objects);
    WeakReference<Object> second = publishGarbage(objects);
    for (int i = 0; i < 100_000; i++) {
      objects.publish(i);
    }

    cursor = cursor.next();

    Wait.untilCollected(first, cursor, objects);
    assertThat(cursor.read()).isSameAs(second.get()).isNotNull();
    Broadcast.Reader<Object> rest = cursor.next().reader();
    for (int i = 0; i < 100_000; i++) {
      assertThat(rest.read()).isEqualTo(i);
    }
  }

  private static WeakReference<Object> publishGarbage(Broadcast<Object> broadcast) {
    Object garbage = new Object();
    broadcast.publish(garbage);
    return new WeakReference<>(garbage);
  }

  @Test
  void checkedPoison_ofReader() {
    // whatever a broadcast is poisoned with comes out of it, and stays what it is
    IOException closed = new IOException("closed");
    Broadcast.Reader<Integer> reader = broadcast.tap().reader();
    broadcast.poison(closed);

    assertThatThrownBy(() -> reader.read(Duration.ofDays(1))).hasCause(closed);
    assertThat(reader.cursor().peek()).isEqualTo(new Outcome.Canceled<>(closed));
  }

  @OnEveryScheduler
  void close_ends(Scheduler scheduler) {
    // a closed sequence is read to its end, where iterations end and others learn that it is closed
    scheduler.run(
        () -> {
          Broadcast<Integer> closed = new Broadcast<>();
          Broadcast.Reader<Integer> reader = closed.tap().reader();
          Computation<Object> iteration =
              Fibers.start(
                  () -> {
                    List<Integer> all = new ArrayList<>();
                    closed.tap().reader().forEach(all::add);
                    return all;
                  });
          Computation<Object> waiting = Fibers.start(() -> closed.tap().next().read());
          Fiber.yield();
          closed.publish(1);
          closed.close();
          closed.close();
          closed.poison(poison);
          assertThat(iteration.await()).isIn(List.of(1), List.of());
          assertThatThrownBy(waiting::await).isInstanceOf(BroadcastClosedException.class);
          assertThatThrownBy(() -> closed.publish(2)).isInstanceOf(BroadcastClosedException.class);
          assertThat(closed.tryPoison(poison)).isFalse();
          assertThat(closed).hasToString("Broadcast[closed]");
          assertThat(closed.tap()).hasToString("Cursor[closed]");
          assertThat(reader.readEvent().sync()).isEqualTo(1);
          assertThatThrownBy(reader::read).isInstanceOf(BroadcastClosedException.class);
          assertThatThrownBy(() -> reader.read(Duration.ZERO))
              .isInstanceOf(BroadcastClosedException.class);
          assertThatThrownBy(() -> reader.readEvent().sync())
              .isInstanceOf(BroadcastClosedException.class);
          assertThat(reader.iterator().hasNext()).isFalse();
          assertThatThrownBy(() -> reader.iterator().next())
              .isInstanceOf(NoSuchElementException.class);
        });
  }

  @Test
  void iteration_throwsThePoison() {
    // an iteration over a sequence that was poisoned ends with the poison
    Broadcast.Reader<Integer> reader = broadcast.tap().reader();
    broadcast.publish(1);
    broadcast.poison(poison);
    List<Integer> read = new ArrayList<>();

    assertThatThrownBy(() -> reader.forEach(read::add)).isSameAs(poison);

    assertThat(read).containsExactly(1);
  }

  @OnEveryScheduler
  void iteration_canceled(Scheduler scheduler) {
    // whoever is canceled while it waits for the next value throws its reason
    scheduler.run(
        () -> {
          Broadcast.Reader<Integer> reader = broadcast.tap().reader();
          Computation<Object> fiber = Fibers.start(() -> reader.iterator().hasNext());
          Fiber.yield();
          fiber.tryCancel(reason);
          assertThatThrownBy(fiber::await).isSameAs(reason);
        });
  }

  @Test
  void bounded_losesTheOldest() throws Exception {
    // a reader that has fallen behind goes on with the oldest value kept, and knows what it missed
    Broadcast<Integer> bounded = Broadcast.bounded(3);
    Broadcast.Cursor<Integer> start = bounded.tap();
    Broadcast.Reader<Integer> reader = start.reader();
    Broadcast.Reader<Integer> byEvents = start.reader();
    Broadcast.Reader<Integer> timed = start.reader();
    for (int i = 0; i < 3; i++) {
      bounded.publish(i);
    }
    assertThat(start.read()).isEqualTo(0);
    assertThat(reader.read()).isEqualTo(0);
    assertThat(reader.missed()).isZero();
    for (int i = 3; i < 10; i++) {
      bounded.publish(i);
    }
    assertThat(reader.read()).isEqualTo(7);
    assertThat(reader.missed()).isEqualTo(6);
    assertThat(byEvents.readEvent().sync()).isEqualTo(7);
    assertThat(byEvents.missed()).isEqualTo(7);
    assertThat(timed.read(Duration.ZERO)).isEqualTo(7);
    bounded.close();
    List<Integer> rest = new ArrayList<>();
    reader.forEach(rest::add);
    assertThat(rest).containsExactly(8, 9);
    assertThat(reader.missed()).isEqualTo(6);
  }

  @Test
  void bounded_lostPositions() {
    // the position of a value that is lost says so, whatever is asked of it
    Broadcast<Integer> bounded = Broadcast.bounded(1);
    Broadcast.Cursor<Integer> start = bounded.tap();
    bounded.publish(1);
    assertThat(start).hasToString("Cursor[before 1]");
    bounded.publish(2);

    assertThatThrownBy(start::read).hasMessageContaining("lost");
    assertThatThrownBy(() -> start.read(Duration.ZERO)).hasMessageContaining("lost");
    assertThatThrownBy(start::next).hasMessageContaining("lost");
    assertThatThrownBy(() -> start.readEvent().sync()).hasMessageContaining("lost");
    assertThat(start.peek()).isInstanceOf(Outcome.Canceled.class);
    assertThat(start).hasToString("Cursor[lost]");
    assertThat(start.reader().read()).isEqualTo(2);
    assertThatThrownBy(() -> Broadcast.bounded(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bounded_keepsNoMore() {
    // however far a reader falls behind, no more values are kept than the bound says
    Broadcast<Object> bounded = Broadcast.bounded(2);
    Broadcast.Reader<Object> reader = bounded.tap().reader();
    WeakReference<Object> first = publish(bounded);
    WeakReference<Object> second = publish(bounded);
    WeakReference<Object> third = publish(bounded);

    Wait.untilCollected(first, reader, bounded);

    assertThat(second.get()).isNotNull().isSameAs(reader.read());
    assertThat(third.get()).isNotNull();
  }

  private static WeakReference<Object> publish(Broadcast<Object> to) {
    Object value = new Object();
    to.publish(value);
    return new WeakReference<>(value);
  }

  @OnEveryScheduler
  void bounded_manyToMany(Scheduler scheduler) {
    // each reader reads or misses each value of each publisher, in order
    int each = 300;
    scheduler.run(
        () -> {
          Broadcast<Integer> bounded = Broadcast.bounded(5);
          Broadcast.Cursor<Integer> start = bounded.tap();
          List<Computation<Object>> readers = new ArrayList<>();
          for (int i = 0; i < 3; i++) {
            readers.add(
                Fibers.start(
                    () -> {
                      Broadcast.Reader<Integer> reader = start.reader();
                      int[] last = {-1, -1};
                      int count = 0;
                      for (int value : reader) {
                        assertThat(value / each).isLessThan(2);
                        assertThat(value).isGreaterThan(last[value / each]);
                        last[value / each] = value;
                        count++;
                      }
                      return count + reader.missed();
                    }));
          }
          List<Computation<Object>> publishers = new ArrayList<>();
          for (int i = 0; i < 2; i++) {
            int from = i * each;
            publishers.add(
                Fibers.start(
                    () -> {
                      for (int value = from; value < from + each; value++) {
                        bounded.publish(value);
                        if (value % 7 == 0) {
                          Fiber.yield();
                        }
                      }
                      return "published";
                    }));
          }
          publishers.forEach(Computation::await);
          bounded.close();
          for (Computation<Object> reader : readers) {
            assertThat(reader.await()).isEqualTo(2L * each);
          }
        });
  }
}
