package dev.picos.tests.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.event.Event;
import dev.picos.std.event.Offer;
import dev.picos.std.event.Request;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.Promise;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Latch;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EventTest {
  private static final Duration HOUR = Duration.ofHours(1);

  private final RuntimeException reason = new CancellationException("reason");
  private final Computation<Integer> source = new Computation<>();

  /** An event of which a test sees who asks for it, and which it can make happen. */
  private static final class Probe implements Request<String> {
    private final AtomicReference<Offer<String>> offer = new AtomicReference<>();
    private final AtomicInteger issued = new AtomicInteger();
    private final AtomicInteger withdrawn = new AtomicInteger();

    Event<String> event() {
      return Event.fromRequest(this);
    }

    @Override
    public Runnable issue(Offer<String> offer) {
      issued.incrementAndGet();
      this.offer.set(offer);
      return withdrawn::incrementAndGet;
    }

    Offer<String> awaitOffer() {
      while (offer.get() == null) {
        Fiber.yield();
      }
      return offer.get();
    }
  }

  @OnEveryScheduler
  void select_theReadyOne(Scheduler scheduler) {
    // A choice between what never happens and what is ready gives the latter
    int value =
        scheduler.call(() -> Event.select(Event.of(source), Event.always(51).map(x -> x + 50)));

    assertThat(value).isEqualTo(101);
  }

  @OnEveryScheduler
  void guard_throws(Scheduler scheduler) {
    // An exception of a guard is what sync throws, wherever it stands, and nothing was done
    Event<Integer> guard =
        Event.guard(
            () -> {
              throw reason;
            });
    Probe probe = new Probe();
    scheduler.run(
        () -> {
          assertThatThrownBy(() -> Event.select(guard, Event.always(42))).isSameAs(reason);
          assertThatThrownBy(() -> Event.select(Event.always(42), guard)).isSameAs(reason);
          assertThatThrownBy(() -> Event.<Object>select(probe.event(), guard)).isSameAs(reason);
          assertThatThrownBy(guard::poll).isSameAs(reason);
        });

    assertThat(probe.issued).hasValue(0);
  }

  @OnEveryScheduler
  void guard_checkedException(Scheduler scheduler) {
    // checked exceptions of guard, withNack and wrap come inside a ComputationException
    Exception checked = new IOException("checked");
    List<Event<Integer>> events =
        List.of(
            Event.guard(
                () -> {
                  throw checked;
                }),
            Event.withNack(
                nack -> {
                  throw checked;
                }),
            Event.always(1)
                .wrap(
                    x -> {
                      throw checked;
                    }));
    scheduler.run(
        () -> {
          for (Event<Integer> event : events) {
            assertThatThrownBy(event::sync)
                .isInstanceOf(ComputationException.class)
                .cause()
                .isSameAs(checked);
          }
        });
  }

  @OnEveryScheduler
  void guard_anewEachTime(Scheduler scheduler) {
    // a guard runs once in each synchronization, in the synchronizing fiber
    List<Fiber> runs = new ArrayList<>();
    Event<Integer> event =
        Event.guard(
            () -> {
              runs.add(Fiber.current());
              return Event.always(runs.size());
            });
    scheduler.run(
        () -> {
          assertThat(event.sync()).isEqualTo(1);
          assertThat(Event.select(Event.never(), event)).isEqualTo(2);
          assertThat(event.poll().value()).isEqualTo(3);
          assertThat(runs).containsOnly(Fiber.current());
        });
  }

  @OnEveryScheduler
  void never_isCanceled(Scheduler scheduler) {
    // A choice between nothing waits until the fiber is canceled
    List<Event<Object>> events = List.of(Event.choose(), Event.choose(List.of()), Event.never());
    scheduler.run(
        () -> {
          for (Event<Object> event : events) {
            Computation<Object> fiber = Fibers.start(event::sync);
            for (int i = 0; i < 10; i++) {
              Fiber.yield();
            }
            assertThat(fiber.isRunning()).isTrue();
            fiber.tryCancel(reason);
            assertThatThrownBy(fiber::await).isSameAs(reason);
            assertThat(event.poll()).isNull();
          }
        });
  }

  @OnEveryScheduler
  void wrap_onlyTheChosen(Scheduler scheduler) {
    // Only the functions of the chosen event run, inner first, in the synchronizing fiber
    List<String> runs = new ArrayList<>();
    Probe loser = new Probe();
    Event<String> event =
        Event.choose(
                loser.event().map(value -> record(runs, "loser", value)),
                Event.of(source)
                    .map(value -> record(runs, "inner", "" + value))
                    .wrap(value -> record(runs, "middle", value)))
            .map(value -> record(runs, "outer " + Fiber.current().forbidsCancelation(), value));
    scheduler.run(
        () -> {
          Computation<String> fiber =
              Fibers.start(() -> Fiber.current().callForbiddingCancelation(() -> event.sync()));
          loser.awaitOffer();
          assertThat(runs).isEmpty();
          source.tryReturn(1);
          assertThat(fiber.await()).isEqualTo("1");
          assertThat(runs).containsExactly("inner 1", "middle 1", "outer true 1");
          assertThat(loser.withdrawn).hasValue(1);
        });
  }

  private static String record(List<String> runs, String name, String value) {
    runs.add(name + " " + value);
    return value;
  }

  @OnEveryScheduler
  void lose_leavesTheSource(Scheduler scheduler) {
    // To commit to another event, or to be canceled, does not cancel the source
    Probe probe = new Probe();
    scheduler.run(
        () -> {
          Computation<Object> fiber =
              Fibers.start(() -> Event.<Object>select(Event.of(source), probe.event()));
          assertThat(probe.awaitOffer().tryCommit("other")).isTrue();
          assertThat(fiber.await()).isEqualTo("other");
          Computation<Object> other =
              Fibers.start(() -> Event.<Object>select(Event.of(source), Event.never()));
          Fiber.yield();
          other.tryCancel(reason);
          assertThat(source.isRunning()).isTrue();
          source.tryReturn(5);
          assertThat(Event.of(source).sync()).isEqualTo(5);
        });
  }

  @OnEveryScheduler
  void sync_inCanceledFiber(Scheduler scheduler) {
    // Sync in a canceled fiber gives its value unless it has to wait; poll always does
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  assertThat(Event.select(Event.always(1), Event.timeout(HOUR))).isEqualTo(1);
                  assertThat(Event.always(1).poll().value()).isEqualTo(1);
                  assertThat(Event.timeout(HOUR).poll()).isNull();
                  assertThat(Event.of(source).poll()).isNull();
                  assertThatThrownBy(() -> Event.of(source).sync()).isSameAs(reason);
                  assertThatThrownBy(() -> Event.timeout(HOUR).sync()).isSameAs(reason);
                  assertThatThrownBy(() -> Event.select(Event.of(source), Event.timeout(HOUR)))
                      .isSameAs(reason);
                }));
  }

  @OnEveryScheduler
  void sync_forbidden(Scheduler scheduler) {
    // a fiber that forbids cancelation waits on
    Probe probe = new Probe();
    scheduler.run(
        () -> {
          Computation<Object> canceled = new Computation<>();
          Computation<String> fiber =
              Fibers.startUnder(
                  canceled,
                  () -> Fiber.current().callForbiddingCancelation(() -> probe.event().sync()));
          Offer<String> offer = probe.awaitOffer();
          canceled.tryCancel(reason);
          Fiber.yield();
          assertThat(offer.isOpen()).isTrue();
          assertThat(offer.tryCommit("value")).isTrue();
          assertThat(fiber.await()).isEqualTo("value");
        });
  }

  @OnEveryScheduler
  void sync_computationReturnsMeanwhile(Scheduler scheduler) {
    // a fiber whose own computation returns, as one that is shared may, waits on
    Probe probe = new Probe();
    scheduler.run(
        () -> {
          Computation<Object> shared = new Computation<>();
          Computation<String> fiber = Fibers.startUnder(shared, () -> probe.event().sync());
          Offer<String> offer = probe.awaitOffer();
          Fiber.yield();
          shared.tryReturn("returned");
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(fiber.isRunning()).isTrue();
          offer.tryCommit("value");
          assertThat(fiber.await()).isEqualTo("value");
        });
  }

  @OnEveryScheduler
  void sync_commitMeetsCancelation(Scheduler scheduler) {
    // a commit that comes with the cancelation wins
    Probe probe = new Probe();
    scheduler.run(
        () -> {
          Computation<String> result = new Computation<>();
          Computation<Object> canceled = new Computation<>();
          Computation<String> fiber =
              Fibers.startUnder(
                  canceled,
                  () -> {
                    String value = probe.event().sync();
                    result.tryReturn(value);
                    Control.check();
                    return value;
                  });
          Offer<String> offer = probe.awaitOffer();
          assertThat(offer.tryCommit("value")).isTrue();
          canceled.tryCancel(reason);
          assertThat(result.await()).isEqualTo("value");
          fiber.join();
        });
  }

  @OnEveryScheduler
  void timeout_measuresAnew(Scheduler scheduler) {
    // Each synchronization measures anew
    Event<String> event =
        Event.<String>choose(
            Event.timeout(Duration.ofMillis(2)).map(nothing -> "timeout"), Event.never());
    scheduler.run(
        () -> {
          for (int i = 0; i < 3; i++) {
            long start = System.nanoTime();
            assertThat(event.sync()).isEqualTo("timeout");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(2_000_000);
          }
          assertThat(Event.timeout(Duration.ZERO).sync()).isNull();
          assertThat(Event.timeout(Duration.ZERO).poll()).isNotNull();
        });
  }

  @Test
  void timeout_negative() {
    // a negative duration is refused when the event is made
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Event.timeout(Duration.ofNanos(-1)))
        .withMessageContaining("negative");
  }

  @Alone
  @OnEveryKindOfScheduler
  void timeout_losesAndIsRemoved(Scheduler scheduler) {
    // A timeout that loses, or whose fiber is canceled, leaves the timer at once
    Event<Integer> event =
        Event.choose(
            Event.timeout(HOUR).map(nothing -> 0),
            Event.fromRequest(
                offer -> {
                  offer.tryCommit(1);
                  return null;
                }));
    long growth =
        scheduler.call(
            () -> {
              for (int i = 0; i < 1_000; i++) {
                event.sync();
              }
              long before = Heap.used();
              for (int i = 0; i < 100_000; i++) {
                event.sync();
              }
              return Heap.used() - before;
            });

    assertThat(growth).isLessThan(4 << 20);
  }

  @Alone
  @OnEveryKindOfScheduler
  void of_losesAndDetaches(Scheduler scheduler) {
    // a source that always loses does not grow
    Event<Integer> event =
        Event.choose(
            Event.of(source),
            Event.fromRequest(
                offer -> {
                  offer.tryCommit(1);
                  return null;
                }));
    long growth =
        scheduler.call(
            () -> {
              long before = Heap.used();
              for (int i = 0; i < 200_000; i++) {
                event.sync();
              }
              return Heap.used() - before;
            });

    assertThat(growth).isLessThan(4 << 20);
    assertThat(source.isRunning()).isTrue();
  }

  @OnEveryScheduler
  void wrap_throws(Scheduler scheduler) {
    // An exception in a wrapped function comes out of sync; the commit remains
    AtomicInteger nacks = new AtomicInteger();
    Event<Integer> event =
        Event.choose(
            Event.of(source)
                .wrap(
                    value -> {
                      throw reason;
                    }),
            watched(nacks, Event.never()));
    scheduler.run(
        () -> {
          source.tryReturn(1);
          assertThatThrownBy(event::sync).isSameAs(reason);
          assertThatThrownBy(event::poll).isSameAs(reason);
          Control.yield();
        });

    assertThat(nacks).hasValue(2);
  }

  @OnEveryScheduler
  void select_promises(Scheduler scheduler) {
    // Of three promises the first to complete is returned; the others go on
    scheduler.run(
        () ->
            Bundle.run(
                OnReturn.TERMINATE,
                bundle -> {
                  Promise<Integer> one = bundle.forkAsPromise(() -> Event.<Integer>never().sync());
                  Promise<Integer> two = bundle.forkAsPromise(() -> source.await());
                  Promise<Integer> three =
                      bundle.forkAsPromise(() -> Event.<Integer>never().sync());
                  bundle.fork(() -> source.tryReturn(2));
                  assertThat(Event.select(one.awaitEvent(), two.awaitEvent(), three.awaitEvent()))
                      .isEqualTo(2);
                  assertThat(one.isRunning()).isTrue();
                  assertThat(three.isRunning()).isTrue();
                }));
  }

  @OnEveryScheduler
  void of_canceled(Scheduler scheduler) {
    // the reason of a canceled source is thrown by sync, ready or waited for; no function runs
    scheduler.run(
        () -> {
          Event<Object> event =
              Event.of(source)
                  .map(
                      value -> {
                        throw new AssertionError("runs");
                      });
          Computation<Object> fiber = Fibers.start(event::sync);
          Fiber.yield();
          source.tryCancel(reason);
          assertThatThrownBy(fiber::await).isSameAs(reason);
          assertThatThrownBy(event::sync).isSameAs(reason);
          assertThatThrownBy(event::poll).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void null_isAValue(Scheduler scheduler) {
    // null is given like any other value
    scheduler.run(
        () -> {
          assertThat(Event.<Object>always(null).sync()).isNull();
          Outcome.Returned<Object> polled = Event.<Object>always(null).poll();
          assertThat(polled).isNotNull();
          assertThat(polled.value()).isNull();
          assertThat(Event.of(Computation.<Object>returned(null)).map(x -> "" + x).sync())
              .isEqualTo("null");
        });
  }

  /** An event that counts how often it was not chosen, and {@code event} for the rest. */
  private static <T> Event<T> watched(AtomicInteger count, Event<T> event) {
    return Event.withNack(
        nack -> {
          Computation<Object> watcher = new Computation<>();
          Fiber.spawn(
              new Fiber(watcher, true),
              fiber -> {
                nack.sync();
                count.incrementAndGet();
              });
          return event;
        });
  }

  private static void awaitCount(AtomicInteger count, int expected) {
    while (count.get() < expected) {
      Fiber.yield();
    }
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
    assertThat(count).hasValue(expected);
  }

  /** The nacks of some alternatives, in the order in which they were made. */
  private static final class Nacks {
    private final List<Event<Void>> events = new ArrayList<>();

    <T> Event<T> watch(Event<T> event) {
      return Event.withNack(
          nack -> {
            events.add(nack);
            return event;
          });
    }

    List<Boolean> fired() {
      return events.stream().map(nack -> nack.poll() != null).toList();
    }
  }

  @OnEveryScheduler
  void nack_whenAnotherIsChosen(Scheduler scheduler) {
    // the nacks of those not chosen become available, also the outer ones; those around it do not
    scheduler.run(
        () -> {
          Nacks nacks = new Nacks();
          Event<String> event =
              Event.choose(
                  nacks.watch(Event.never()),
                  nacks.watch(
                      Event.choose(
                          nacks.watch(Event.never()),
                          nacks.watch(Event.always("chosen")).map(value -> value + "!"),
                          nacks.watch(nacks.watch(Event.never())))),
                  nacks.watch(Event.never()));
          assertThat(event.sync()).isEqualTo("chosen!");
          assertThat(nacks.fired()).containsExactly(true, false, true, false, true, true, true);
        });
  }

  @OnEveryScheduler
  void nack_whenWaited(Scheduler scheduler) {
    // the same when the fiber had to wait for the commit
    scheduler.run(
        () -> {
          Nacks nacks = new Nacks();
          Probe probe = new Probe();
          Computation<Object> fiber =
              Fibers.start(
                  () ->
                      Event.<Object>select(nacks.watch(Event.never()), nacks.watch(probe.event())));
          Offer<String> offer = probe.awaitOffer();
          assertThat(nacks.fired()).containsExactly(false, false);
          offer.tryCommit("value");
          assertThat(fiber.await()).isEqualTo("value");
          assertThat(nacks.fired()).containsExactly(true, false);
        });
  }

  @OnEveryScheduler
  void nack_whenCanceled(Scheduler scheduler) {
    // all nacks become available when the synchronization is canceled
    scheduler.run(
        () -> {
          Nacks nacks = new Nacks();
          Probe probe = new Probe();
          Computation<Object> fiber =
              Fibers.start(
                  () ->
                      Event.<Object>select(nacks.watch(Event.never()), nacks.watch(probe.event())));
          Offer<String> offer = probe.awaitOffer();
          fiber.tryCancel(reason);
          while (probe.withdrawn.get() == 0) {
            Fiber.yield();
          }
          assertThat(offer.tryCommit("late")).isFalse();
          while (nacks.fired().contains(false)) {
            Fiber.yield();
          }
          assertThat(nacks.fired()).containsExactly(true, true);
        });
  }

  @OnEveryScheduler
  void nack_whenThrown(Scheduler scheduler) {
    // all nacks become available when a guard, a withNack or a request throws
    List<Event<Object>> throwing =
        List.of(
            Event.guard(
                () -> {
                  throw reason;
                }),
            Event.withNack(
                nack -> {
                  throw reason;
                }),
            Event.fromRequest(
                offer -> {
                  throw reason;
                }));
    scheduler.run(
        () -> {
          for (Event<Object> bad : throwing) {
            Nacks nacks = new Nacks();
            Probe probe = new Probe();
            assertThatThrownBy(() -> Event.select(nacks.watch(probe.event()), bad))
                .isSameAs(reason);
            assertThat(nacks.fired()).containsExactly(true);
            assertThat(probe.withdrawn.get()).isEqualTo(probe.issued.get());
          }
        });
  }

  @OnEveryScheduler
  void nack_whenPolledInVain(Scheduler scheduler) {
    // all nacks become available when a poll finds nothing; else those of the others
    scheduler.run(
        () -> {
          Nacks nacks = new Nacks();
          assertThat(Event.choose(nacks.watch(Event.never())).poll()).isNull();
          assertThat(Event.choose(nacks.watch(Event.never()), nacks.watch(Event.always(1))).poll())
              .isEqualTo(new Outcome.Returned<>(1));
          assertThat(nacks.fired()).containsExactly(true, true, false);
        });
  }

  @OnEveryScheduler
  void nack_isSeenByOthers(Scheduler scheduler) {
    // a server that waits for the nack learns of it
    AtomicInteger count = new AtomicInteger();
    scheduler.run(
        () -> {
          for (int i = 1; i <= 10; i++) {
            Event.select(watched(count, Event.never()), Event.always(i));
            awaitCount(count, i);
          }
        });
  }

  @OnEveryScheduler
  void request_throwsAfterCommit(Scheduler scheduler) {
    // a commit that has happened when a later request throws is not lost
    Event<Integer> event =
        Event.choose(
            Event.fromRequest(
                offer -> {
                  offer.tryCommit(1);
                  throw reason;
                }));
    assertThat(scheduler.<Integer, RuntimeException>call(event::sync)).isEqualTo(1);
  }

  @OnEveryScheduler
  void request_once(Scheduler scheduler) {
    // each request is issued at most once; those chosen are not withdrawn; nothing after a commit
    scheduler.run(
        () -> {
          Probe one = new Probe();
          Probe other = new Probe();
          Computation<String> fiber = Fibers.start(() -> Event.select(one.event(), other.event()));
          Offer<String> offer = one.awaitOffer();
          Offer<String> lost = other.awaitOffer();
          assertThat(offer.isOfSameSync(lost)).isTrue();
          assertThat(offer.isOpen()).isTrue();
          assertThat(offer.peek()).isNull();
          assertThat(offer).hasToString("Offer[open]");
          assertThat(offer.tryCommit("value")).isTrue();
          assertThat(offer.tryCommit("value")).isFalse();
          assertThat(lost.tryFail(reason)).isFalse();
          assertThat(offer.peek()).isEqualTo(new Outcome.Returned<>("value"));
          assertThat(lost.peek()).isNull();
          assertThat(offer).hasToString("Offer[committed]");
          assertThat(lost).hasToString("Offer[lost]");
          assertThat(fiber.await()).isEqualTo("value");
          assertThat(List.of(one.issued.get(), other.issued.get())).containsExactly(1, 1);
          assertThat(List.of(one.withdrawn.get(), other.withdrawn.get())).containsExactly(0, 1);
        });
  }

  @OnEveryScheduler
  void request_fails(Scheduler scheduler) {
    // an offer that is failed makes sync throw
    Event<Object> event =
        Event.fromRequest(
            offer -> {
              assertThat(offer.tryFail(reason)).isTrue();
              return null;
            });
    scheduler.run(
        () -> {
          assertThatThrownBy(event::sync).isSameAs(reason);
          assertThatThrownBy(event::poll).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void poll_ofRequest(Scheduler scheduler) {
    // a request that cannot be polled is issued and withdrawn, or committed to
    Probe probe = new Probe();
    scheduler.run(
        () -> {
          assertThat(probe.event().poll()).isNull();
          assertThat(probe.issued).hasValue(1);
          assertThat(probe.withdrawn).hasValue(1);
          assertThat(probe.offer.get().tryCommit("late")).isFalse();
        });
  }

  @OnEveryScheduler
  void withdrawal_throws(Scheduler scheduler) {
    // what a withdrawal throws does not keep the others from being withdrawn
    Probe probe = new Probe();
    Request<Integer> bad =
        offer ->
            () -> {
              throw reason;
            };
    Event<Object> event =
        Event.choose(Event.fromRequest(bad), probe.event(), Event.fromRequest(bad));
    scheduler.run(() -> assertThatThrownBy(event::poll).isSameAs(reason));

    assertThat(probe.withdrawn).hasValue(1);
  }

  @OnEveryScheduler
  void tryCommitBoth_bothOrNeither(Scheduler scheduler) {
    // two offers are committed at once, or none of them when one is not open
    scheduler.run(
        () -> {
          Probe one = new Probe();
          Probe other = new Probe();
          Computation<String> first = Fibers.start(() -> one.event().sync());
          Computation<String> second = Fibers.start(() -> other.event().sync());
          Offer<String> a = one.awaitOffer();
          Offer<String> b = other.awaitOffer();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> Offer.tryCommitBoth(a, "a", a, "b"));
          assertThat(Offer.tryCommitBoth(a, "a", b, "b")).isTrue();
          assertThat(first.await()).isEqualTo("a");
          assertThat(second.await()).isEqualTo("b");
          assertThat(Offer.tryCommitBoth(a, "a", b, "b")).isFalse();

          Probe third = new Probe();
          Computation<String> waiting = Fibers.start(() -> third.event().sync());
          Offer<String> c = third.awaitOffer();
          assertThat(Offer.tryCommitBoth(a, "a", c, "c")).isFalse();
          assertThat(Offer.tryCommitBoth(c, "c", a, "a")).isFalse();
          assertThat(c.isOpen()).isTrue();
          assertThat(c.tryCommit("c")).isTrue();
          assertThat(waiting.await()).isEqualTo("c");
        });
  }

  @OnEveryScheduler
  void choose_isFair(Scheduler scheduler) {
    // of several that are always ready each is chosen, and not much less often than the others
    int[] counts = new int[4];
    Event<Integer> event =
        Event.choose(
            Event.always(0), Event.choose(Event.always(1), Event.always(2)), Event.always(3));
    scheduler.run(
        () -> {
          for (int i = 0; i < 4_000; i++) {
            counts[event.sync()]++;
          }
        });

    assertThat(counts).satisfies(all -> assertThat(all).doesNotContain(0));
    for (int count : counts) {
      assertThat(count).isBetween(800, 1_200);
    }
  }

  @OnEveryScheduler
  void choose_isFairToFibersThatChooseOnce(Scheduler scheduler) {
    // nor does it matter whether one fiber chooses often, or many do so once
    assertThat(oneChoiceEach(scheduler, 1_000, 2))
        .allSatisfy(n -> assertThat(n).isBetween(350, 650));
    assertThat(oneChoiceEach(scheduler, 4_000, 8))
        .allSatisfy(n -> assertThat(n).isBetween(300, 700));
  }

  /** Returns how often each of several events that are ready is chosen, once by each fiber. */
  private static List<Integer> oneChoiceEach(Scheduler scheduler, int fibers, int events) {
    List<AtomicInteger> counts =
        IntStream.range(0, events).mapToObj(i -> new AtomicInteger()).toList();
    Event<AtomicInteger> event = Event.choose(counts.stream().map(Event::always).toList());
    scheduler.run(
        () -> {
          for (int i = 0; i < fibers; i++) {
            Fibers.start(() -> event.sync().incrementAndGet());
          }
        });
    return counts.stream().map(AtomicInteger::get).toList();
  }

  @Test
  void choose_replays() {
    // where a seed determines the schedule it determines the choices of each fiber, too
    Set<List<Integer>> all = new HashSet<>();
    for (long seed = 1; seed <= 20; seed++) {
      List<Integer> choices = choices(seed);
      assertThat(choices(seed)).as("seed %d", seed).isEqualTo(choices);
      all.add(choices);
    }
    assertThat(all).hasSize(20);
  }

  private static List<Integer> choices(long seed) {
    Event<Integer> event = Event.choose(Event.always(0), Event.always(1), Event.always(2));
    List<Integer> choices = new ArrayList<>();
    RandosScheduler.builder()
        .seed(seed)
        .build()
        .run(
            () -> {
              for (int i = 0; i < 50; i++) {
                Fibers.start(() -> choices.add(event.sync()));
              }
            });
    return choices;
  }

  @OnEveryScheduler
  void deepEvents(Scheduler scheduler) {
    // however deeply an event is wrapped, chosen, guarded and nacked, the stack does not grow
    Event<Integer> event = Event.always(0);
    for (int i = 0; i < 30_000; i++) {
      Event<Integer> inner = event;
      event =
          switch (i % 4) {
            case 0 -> inner.map(x -> x + 1);
            case 1 -> Event.choose(inner, Event.never());
            case 2 -> Event.guard(() -> inner);
            default -> inner;
          };
    }
    Event<Integer> deep = event;

    assertThat(scheduler.<Integer, RuntimeException>call(deep::sync)).isEqualTo(7_500);
  }

  @OnEveryScheduler
  void primitives_haveEvents(Scheduler scheduler) {
    // a variable, a latch and a promise are ready when they can be read or awaited without waiting
    scheduler.run(
        () -> {
          Ivar<String> ivar = new Ivar<>();
          Latch latch = new Latch(1);
          assertThat(ivar.readEvent().poll()).isNull();
          assertThat(latch.awaitEvent().poll()).isNull();
          Computation<Object> fiber =
              Fibers.start(() -> Event.<Object>select(ivar.readEvent(), latch.awaitEvent()));
          Fiber.yield();
          latch.decr();
          assertThat(fiber.await()).isNull();
          ivar.fill("full");
          assertThat(ivar.readEvent().sync()).isEqualTo("full");
          assertThat(latch.awaitEvent().poll()).isNotNull();
          assertThat(Promise.of(1).awaitEvent().sync()).isEqualTo(1);
          Ivar<String> poisoned = new Ivar<>();
          poisoned.poison(reason);
          assertThatThrownBy(() -> poisoned.readEvent().sync()).isSameAs(reason);
        });
  }

  @Test
  void null_isRefused() {
    // what is missing is refused when the event is made, or by the synchronization
    Event<Object> one = Event.always(1);
    assertThatNullPointerException().isThrownBy(() -> one.map(null));
    assertThatNullPointerException().isThrownBy(() -> one.wrap(null));
    assertThatNullPointerException().isThrownBy(() -> Event.guard(null));
    assertThatNullPointerException().isThrownBy(() -> Event.withNack(null));
    assertThatNullPointerException().isThrownBy(() -> Event.of(null));
    assertThatNullPointerException().isThrownBy(() -> Event.timeout(null));
    assertThatNullPointerException().isThrownBy(() -> Event.fromRequest(null));
    assertThatNullPointerException().isThrownBy(() -> Event.choose(one, null));
    assertThatNullPointerException()
        .isThrownBy(() -> Event.guard(() -> null).sync())
        .withMessageContaining("guard");
    assertThatNullPointerException()
        .isThrownBy(() -> Event.withNack(nack -> null).sync())
        .withMessageContaining("withNack");
  }

  @OnEveryScheduler
  void prefer_takesTheFirstThatIsReady(Scheduler scheduler) {
    // of alternatives that are ready, the first is taken every time; else whatever comes
    scheduler.run(
        () -> {
          Event<Object> event =
              Event.prefer(Event.never(), Event.always(1), Event.always(2), Event.always(3));
          for (int i = 0; i < 50; i++) {
            assertThat(event.sync()).isEqualTo(1);
            assertThat(event.poll()).isEqualTo(new Outcome.Returned<>(1));
          }
          Computation<Object> first = new Computation<>();
          Computation<Object> second = new Computation<>();
          Event<Object> later = Event.prefer(List.of(Event.of(first), Event.of(second)));
          assertThat(later.poll()).isNull();
          Computation<Object> fiber = Fibers.start(later::sync);
          Fiber.yield();
          second.tryReturn("second");
          assertThat(fiber.await()).isEqualTo("second");
          first.tryReturn("first");
          assertThat(later.sync()).isEqualTo("first");
        });
  }

  @OnEveryScheduler
  void prefer_withinChoices(Scheduler scheduler) {
    // orders and choices within one another each keep what they promise
    scheduler.run(
        () -> {
          Event<Integer> either = Event.choose(Event.always(1), Event.always(2));
          Event<Integer> ordered = Event.prefer(Event.never(), either, Event.always(3));
          Event<Integer> all = Event.choose(ordered, Event.choose(Event.always(4)), ordered);
          Set<Integer> seen = new HashSet<>();
          for (int i = 0; i < 500; i++) {
            seen.add(all.sync());
          }
          assertThat(seen).containsExactlyInAnyOrder(1, 2, 4);
        });
  }

  @OnEveryScheduler
  void selectOrElse_neverWaits(Scheduler scheduler) {
    // the value is given exactly if nothing is ready, also if the fiber is canceled
    scheduler.run(
        () ->
            Canceled.with(
                new CancellationException("reason"),
                () -> {
                  Computation<Object> computation = new Computation<>();
                  assertThat(Event.<Object>selectOrElse("none")).isEqualTo("none");
                  assertThat(Event.<Object>selectOrElse("none", Event.of(computation)))
                      .isEqualTo("none");
                  computation.tryReturn("some");
                  for (int i = 0; i < 20; i++) {
                    assertThat(Event.<Object>selectOrElse("none", Event.of(computation)))
                        .isEqualTo("some");
                  }
                  assertThat(Event.<Object>selectOrElse("none", List.of(Event.always(null))))
                      .isNull();
                }));
  }

  @OnEveryScheduler
  void handle_makesAValueOfAnException(Scheduler scheduler) {
    // what an event fails with, and what is thrown around it, inside the handler, is handled
    Exception checked = new Exception("checked");
    scheduler.run(
        () -> {
          Computation<Object> failed = new Computation<>();
          failed.tryCancel(checked);
          assertThat(Event.of(failed).<Object>map(x -> x).handle(e -> e).sync()).isSameAs(checked);
          assertThat(
                  Event.<Object>always(1)
                      .<Object>wrap(
                          one -> {
                            throw checked;
                          })
                      .<Object>map(x -> "not called")
                      .handle(e -> e)
                      .map(e -> List.of(e))
                      .sync())
              .isEqualTo(List.of(checked));
          assertThat(Event.<Object>always(1).handle(e -> "not called").sync()).isEqualTo(1);
          Event<Object> rethrown =
              Event.of(failed)
                  .handle(
                      e -> {
                        throw e;
                      });
          assertThatThrownBy(rethrown::sync).cause().isSameAs(checked);
          assertThat(rethrown.handle(e -> "outer").sync()).isEqualTo("outer");
          assertThatThrownBy(
                  () ->
                      Event.<Object>always(1)
                          .handle(e -> "not called")
                          .wrap(
                              one -> {
                                throw checked;
                              })
                          .sync())
              .cause()
              .isSameAs(checked);
        });
  }

  @OnEveryScheduler
  void handle_doesNotConcern(Scheduler scheduler) {
    // neither what guards throw, nor the fiber's own cancelation, nor errors
    RuntimeException reason = new CancellationException("reason");
    RuntimeException ofGuard = new IllegalStateException("of the guard");
    Error error = new AssertionError("an error");
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Event.guard(
                              () -> {
                                throw ofGuard;
                              })
                          .handle(e -> "not called")
                          .sync())
              .isSameAs(ofGuard);
          assertThatThrownBy(
                  () ->
                      Event.<Object>always(1)
                          .wrap(
                              one -> {
                                throw error;
                              })
                          .handle(e -> "not called")
                          .sync())
              .isSameAs(error);
          Canceled.with(
              reason,
              () -> {
                assertThatThrownBy(() -> Event.never().handle(e -> "not called").sync())
                    .isSameAs(reason);
                assertThatThrownBy(
                        () ->
                            Event.<Object>always(1)
                                .wrap(
                                    one -> {
                                      Fiber.yield();
                                      return one;
                                    })
                                .handle(e -> "not called")
                                .sync())
                    .isSameAs(reason);
              });
        });
  }

  @Test
  void handle_aHundredThousandTimes() {
    // handlers and orders within one another need no stack
    Event<Integer> event = Event.always(0);
    for (int i = 0; i < 100_000; i++) {
      Event<Integer> inner = event;
      event =
          i % 2 == 0
              ? Event.prefer(inner.handle(e -> -1), Event.always(-1))
              : Event.choose(inner.map(n -> n + 1), Event.never());
    }
    assertThat(event.sync()).isEqualTo(50_000);
  }
}
