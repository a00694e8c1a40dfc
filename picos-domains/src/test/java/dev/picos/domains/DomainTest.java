package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DomainTest {
  private final Domains pool = new Domains(1);
  private final Domain domain = pool.all().get(0);
  private final List<String> log = new ConcurrentLog();

  /** A list that several threads append to. */
  private static final class ConcurrentLog extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean add(String line) {
      synchronized (this) {
        return super.add(line);
      }
    }
  }

  private static void spawn(Domains pool, DomainTask task) {
    Wait.until(() -> pool.trySpawn(task));
  }

  /** Runs {@code work} in the one domain, and returns or throws what it did. */
  private <T> T inDomain(Work<T> work) throws Exception {
    CompletableFuture<T> result = new CompletableFuture<>();
    spawn(
        pool,
        here -> {
          try {
            result.complete(work.run(here));
          } catch (Throwable t) {
            result.completeExceptionally(t);
          }
        });
    return Task.start(result::join).result();
  }

  private interface Work<T> {
    T run(Domain here) throws Exception;
  }

  /** True at its n-th evaluation and from then on, and the log tells of every evaluation. */
  private BooleanSupplier atEvaluation(int n) {
    AtomicInteger evaluations = new AtomicInteger();
    return () -> {
      int now = evaluations.incrementAndGet();
      log.add("evaluation " + now);
      return now >= n;
    };
  }

  // Names and numbers

  @Test
  void domain_isNamedByItsNumber() throws Exception {
    // thread dumps and toString() say which domain it is
    String name = inDomain(here -> Thread.currentThread().getName());

    assertThat(name).isEqualTo("picos-domain-0");
    assertThat(domain).hasToString("picos-domain-0");
    assertThat(domain.id()).isZero();
    assertThat(domain.next()).isSameAs(domain);
  }

  @Test
  void extraDomain_isInNoPool() {
    // a domain that is started for one task has no number and is a cycle of its own
    Domain extra = new Domain(null, -1, here -> {});

    assertThat(extra.id()).isEqualTo(-1);
    assertThat(extra.next()).isSameAs(extra);
    assertThat(extra).hasToString("picos-domain-extra");
  }

  @Test
  void extraDomain_endsWithItsTask() {
    // the thread of an extra domain runs the task and ends
    List<Object> seen = new ArrayList<>();
    List<Thread> threads = new CopyOnWriteArrayList<>();
    Domain extra =
        new Domain(
            null,
            -1,
            here -> {
              here.wakeup();
              threads.add(Thread.currentThread());
              seen.add(here);
              seen.add(Domain.current());
              seen.add(here.isRecalled());
            });

    extra.start();
    Wait.until(() -> !threads.isEmpty() && !threads.get(0).isAlive());

    assertThat(seen).containsExactly(extra, extra, false);
  }

  // When the predicate of idle is evaluated, and what runs meanwhile

  @Test
  void idle_ifAlreadyTrue_runsNothing() throws Exception {
    // a predicate that holds is evaluated once, and the domain was never on offer
    AtomicBoolean ran = new AtomicBoolean();

    inDomain(
        here -> {
          AtomicBoolean over = new AtomicBoolean();
          Task<Boolean> lender =
              Task.start(
                  () -> {
                    while (!over.get()) {
                      if (pool.trySpawn(guest -> ran.set(true))) {
                        return;
                      }
                    }
                  });
          for (int i = 0; i < 10_000; i++) {
            here.idle(() -> true);
          }
          here.idle(atEvaluation(1));
          over.set(true);
          lender.result();
          return true;
        });

    assertThat(ran).isFalse();
    assertThat(log).containsExactly("evaluation 1");
  }

  @Test
  void idle_evaluatesAgainOnceOnOffer() throws Exception {
    // after the domain is on offer, and before it sleeps, the predicate is evaluated once more: so
    // whoever makes it true and then finds the domain on offer need not wake it
    List<Integer> idleAt = new ArrayList<>();

    inDomain(
        here -> {
          here.idle(
              () -> {
                idleAt.add(pool.idleCount());
                return idleAt.size() >= 2;
              });
          return true;
        });

    assertThat(idleAt).startsWith(0, 1);
  }

  @Test
  void wakeup_evaluatesAgain() throws Exception {
    // each wake-up of a sleeping domain evaluates the predicate, which sees what the waker did
    // before
    int[] written = new int[1];
    List<Integer> read = new ArrayList<>();
    AtomicInteger evaluations = new AtomicInteger();
    Task<Boolean> idling =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      here.idle(
                          () -> {
                            read.add(written[0]);
                            evaluations.incrementAndGet();
                            return written[0] == 3;
                          });
                      return true;
                    }));
    Wait.until(() -> evaluations.get() >= 2);

    for (int i = 1; i <= 3; i++) {
      int before = evaluations.get();
      written[0] = i;
      domain.wakeup();
      Wait.until(() -> evaluations.get() > before);
    }

    assertThat(idling.result()).isTrue();
    assertThat(read).contains(0, 1, 2, 3).isSorted();
  }

  @Test
  void idle_evaluatesAfterEveryGuest() throws Exception {
    // a guest that makes the predicate true ends the wait without a wake-up
    CountDownLatch idling = new CountDownLatch(1);
    Task<Boolean> lender =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      here.idle(
                          () -> {
                            idling.countDown();
                            return log.contains("second");
                          });
                      log.add("lender");
                      return true;
                    }));
    idling.await();

    spawn(pool, guest -> log.add("first"));
    spawn(pool, guest -> log.add("second"));

    assertThat(lender.result()).isTrue();
    assertThat(log).containsExactly("first", "second", "lender");
  }

  @Test
  void idle_runsWhatWasAcceptedBeforeItReturns() throws Exception {
    // a task that was accepted in the last moment runs before idle returns, although the predicate
    // is true already
    inDomain(
        here -> {
          AtomicInteger evaluations = new AtomicInteger();
          here.idle(
              () -> {
                int now = evaluations.incrementAndGet();
                if (now == 2) {
                  lendFromOutside(guest -> log.add("guest"));
                }
                return now >= 2;
              });
          log.add("idle has returned");
          return true;
        });

    assertThat(log).containsExactly("guest", "idle has returned");
  }

  /** Lets another thread lend this domain while it evaluates its predicate, on offer. */
  private void lendFromOutside(DomainTask task) {
    CountDownLatch lent = new CountDownLatch(1);
    Thread.ofPlatform()
        .start(
            () -> {
              if (pool.trySpawn(task)) {
                lent.countDown();
              }
            });
    Wait.until(() -> lent.getCount() == 0);
  }

  @Test
  void idle_thatReturned_isNotOnOffer() throws Exception {
    // after idle has returned nothing is accepted
    List<Boolean> accepted = new ArrayList<>();

    inDomain(
        here -> {
          here.idle(atEvaluation(2));
          accepted.add(Task.start(() -> pool.trySpawn(guest -> log.add("guest"))).result());
          return true;
        });

    assertThat(accepted).containsExactly(false);
    assertThat(log).doesNotContain("guest");
  }

  @Test
  void idle_whoseFirstEvaluationThrows_throws() throws Exception {
    // the exception of the predicate comes out, and nothing was on offer
    IllegalStateException thrown = new IllegalStateException();
    List<Throwable> caught = new ArrayList<>();

    inDomain(
        here -> {
          try {
            here.idle(
                () -> {
                  throw thrown;
                });
          } catch (IllegalStateException e) {
            caught.add(e);
          }
          return true;
        });

    assertThat(caught).containsExactly(thrown);
  }

  @Test
  void idle_whosePredicateThrowsOnOffer_runsWhatWasAcceptedAndThrows() throws Exception {
    // a predicate that throws when a task has been accepted: the task runs, then the exception
    // comes out, and the domain is on offer no more
    IllegalStateException thrown = new IllegalStateException();

    inDomain(
        here -> {
          AtomicInteger evaluations = new AtomicInteger();
          try {
            here.idle(
                () -> {
                  if (evaluations.incrementAndGet() < 2) {
                    return false;
                  }
                  lendFromOutside(guest -> log.add("guest"));
                  throw thrown;
                });
          } catch (IllegalStateException e) {
            log.add(e == thrown ? "thrown" : "another");
          }
          log.add("idle: " + pool.idleCount());
          return true;
        });

    assertThat(log).containsExactly("guest", "thrown", "idle: 0");
    Wait.until(() -> pool.idleCount() == 1);
  }

  @Test
  void idle_doesNotThrowWhatGuestsThrow() throws Exception {
    // a guest that throws is reported and ends, the lender waits on and then gets on
    ConcurrentLinkedQueue<Throwable> reports = new ConcurrentLinkedQueue<>();
    IllegalStateException thrown = new IllegalStateException();
    CountDownLatch idling = new CountDownLatch(1);
    Task<Boolean> lender =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      Thread.currentThread()
                          .setUncaughtExceptionHandler((thread, t) -> reports.add(t));
                      here.idle(
                          () -> {
                            idling.countDown();
                            return log.contains("second guest");
                          });
                      return true;
                    }));
    idling.await();

    spawn(
        pool,
        guest -> {
          throw thrown;
        });
    spawn(pool, guest -> log.add("second guest"));

    assertThat(lender.result()).isTrue();
    assertThat(reports).containsExactly(thrown);
  }

  @Test
  void idle_null_throws() throws Exception {
    // there is no null predicate
    inDomain(
        here -> {
          assertThatNullPointerException().isThrownBy(() -> here.idle(null));
          return true;
        });
  }

  @Test
  void idle_byAnotherThread_throws() {
    // a domain waits in its own thread only
    assertThatIllegalStateException()
        .isThrownBy(() -> domain.idle(() -> true))
        .withMessageContaining("picos-domain-0");
  }

  @Test
  void idle_byFiber_throws() {
    // a fiber is not the thread of its domain, and must not wait in its place
    IllegalStateException thrown =
        QueueScheduler.create()
            .call(
                () -> {
                  try {
                    Domain.current().idle(() -> true);
                    return null;
                  } catch (IllegalStateException e) {
                    return e;
                  }
                });

    assertThat(thrown).isNotNull();
  }

  // Interrupts

  @Test
  void idle_isNotEndedByAnInterrupt() throws Exception {
    // an interrupt before or during the wait does not end it, and the status is there afterwards
    CountDownLatch idling = new CountDownLatch(1);
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    AtomicBoolean end = new AtomicBoolean();
    Task<List<Boolean>> lender =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      thread.complete(Thread.currentThread());
                      Thread.currentThread().interrupt();
                      here.idle(atEvaluation(3));
                      boolean afterOwn = Thread.interrupted();
                      here.idle(
                          () -> {
                            idling.countDown();
                            return end.get();
                          });
                      return List.of(afterOwn, Thread.interrupted());
                    }));
    Wait.until(() -> log.size() >= 2);
    domain.wakeup();
    idling.await();
    Wait.until(() -> thread.join().getState() == Thread.State.WAITING);

    for (int i = 0; i < 10; i++) {
      thread.join().interrupt();
    }
    Wait.until(() -> thread.join().getState() == Thread.State.WAITING);
    boolean early = lender.isDone();
    end.set(true);
    domain.wakeup();

    assertThat(early).isFalse();
    assertThat(lender.result()).containsExactly(true, true);
  }

  @Test
  void idle_interruptedJustBeforeAGuest_keepsTheStatus() throws Exception {
    // an interrupt that arrives together with a task is the lender's: the task starts without, and
    // the lender has it afterwards
    List<Boolean> statuses =
        inDomain(
            here -> {
              List<Boolean> seen = new ArrayList<>();
              AtomicInteger evaluations = new AtomicInteger();
              here.idle(
                  () -> {
                    int now = evaluations.incrementAndGet();
                    if (now == 2) {
                      lendFromOutside(guest -> seen.add(Thread.interrupted()));
                      Thread.currentThread().interrupt();
                    }
                    return now >= 2;
                  });
              seen.add(Thread.interrupted());
              return seen;
            });

    assertThat(statuses).containsExactly(false, true);
  }

  @Test
  void guest_leavesNoInterruptStatus() throws Exception {
    // what a guest leaves behind does not reach its lender
    AtomicBoolean ran = new AtomicBoolean();
    CountDownLatch idling = new CountDownLatch(1);
    Task<Boolean> lender =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      here.idle(
                          () -> {
                            idling.countDown();
                            return ran.get();
                          });
                      return Thread.interrupted();
                    }));
    idling.await();

    spawn(
        pool,
        guest -> {
          ran.set(true);
          Thread.currentThread().interrupt();
        });

    assertThat(lender.result()).isFalse();
  }

  // Nesting and recall

  @Test
  void idle_nests() throws Exception {
    // a guest may lend the domain on; the innermost returns first
    AtomicBoolean endOuter = new AtomicBoolean();
    AtomicBoolean endInner = new AtomicBoolean();
    CountDownLatch outerIdles = new CountDownLatch(1);
    CountDownLatch innerIdles = new CountDownLatch(1);
    Task<Boolean> outer =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      here.idle(
                          () -> {
                            outerIdles.countDown();
                            return endOuter.get();
                          });
                      log.add("outer");
                      return true;
                    }));
    outerIdles.await();
    spawn(
        pool,
        here -> {
          here.idle(
              () -> {
                innerIdles.countDown();
                return endInner.get();
              });
          log.add("inner");
        });
    innerIdles.await();

    spawn(pool, here -> log.add("innermost"));
    Wait.until(() -> !log.isEmpty());
    endOuter.set(true);
    domain.wakeup();
    Wait.until(() -> pool.idleCount() == 1);
    boolean outerFirst = outer.isDone();
    endInner.set(true);
    domain.wakeup();

    assertThat(outer.result()).isTrue();
    assertThat(outerFirst).isFalse();
    assertThat(log).containsExactly("innermost", "inner", "outer");
  }

  @Test
  void isRecalled_whenTheLenderHasWork() throws Exception {
    // a guest that asks learns that its lender's predicate holds, and not before it does
    AtomicBoolean end = new AtomicBoolean();
    CountDownLatch idling = new CountDownLatch(1);
    List<Boolean> answers = new ArrayList<>();
    CountDownLatch asked = new CountDownLatch(1);
    Task<Boolean> lender =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      here.idle(
                          () -> {
                            idling.countDown();
                            return end.get();
                          });
                      return true;
                    }));
    idling.await();
    spawn(
        pool,
        here -> {
          answers.add(here.isRecalled());
          answers.add(here.isRecalled());
          asked.countDown();
          while (!here.isRecalled()) {
            Thread.onSpinWait();
          }
          answers.add(here.isRecalled());
        });
    asked.await();

    domain.wakeup(); // for nothing
    end.set(true);
    domain.wakeup();

    assertThat(lender.result()).isTrue();
    assertThat(answers).containsExactly(false, false, true);
  }

  @Test
  void isRecalled_withoutLender_isFalse() throws Exception {
    // the task of an idle pool has nobody to make way for
    boolean recalled =
        inDomain(
            here -> {
              here.wakeup();
              return here.isRecalled();
            });

    assertThat(recalled).isFalse();
  }

  @Test
  void isRecalled_byAnyOfSeveralLenders() throws Exception {
    // the innermost guest makes way for the outermost lender, by way of the one between, whose
    // predicate asks too
    AtomicBoolean end = new AtomicBoolean();
    CountDownLatch outerIdles = new CountDownLatch(1);
    CountDownLatch middleIdles = new CountDownLatch(1);
    CountDownLatch innermostRuns = new CountDownLatch(1);
    Task<Boolean> outer =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      here.idle(
                          () -> {
                            outerIdles.countDown();
                            return end.get();
                          });
                      log.add("outer");
                      return true;
                    }));
    outerIdles.await();
    spawn(
        pool,
        here -> {
          here.idle(
              () -> {
                middleIdles.countDown();
                return here.isRecalled();
              });
          log.add("middle");
        });
    middleIdles.await();
    spawn(
        pool,
        here -> {
          innermostRuns.countDown();
          while (!here.isRecalled()) {
            Thread.onSpinWait();
          }
          log.add("innermost");
        });
    innermostRuns.await();

    end.set(true);
    domain.wakeup();

    assertThat(outer.result()).isTrue();
    assertThat(log).containsExactly("innermost", "middle", "outer");
  }

  @Test
  void isRecalled_sleepingMiddle_isWokenForTheOutermost() throws Exception {
    // a lender that sleeps in the place of another lender wakes up for it
    AtomicBoolean end = new AtomicBoolean();
    CountDownLatch outerIdles = new CountDownLatch(1);
    AtomicInteger middleEvaluations = new AtomicInteger();
    Task<Boolean> outer =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      here.idle(
                          () -> {
                            outerIdles.countDown();
                            return end.get();
                          });
                      return true;
                    }));
    outerIdles.await();
    spawn(
        pool,
        here ->
            here.idle(
                () -> {
                  middleEvaluations.incrementAndGet();
                  return here.isRecalled();
                }));
    Wait.until(() -> middleEvaluations.get() >= 2);

    end.set(true);
    domain.wakeup();

    assertThat(outer.result()).isTrue();
  }

  @Test
  void isRecalled_wakeUpWhileAPredicateIsEvaluated_isNotLostOnIt() throws Exception {
    // a lender's work comes after its predicate has looked for work, and before it asks for that of
    // lenders further out: the guest learns of it all the same
    AtomicBoolean guestAsks = new AtomicBoolean();
    AtomicBoolean due = new AtomicBoolean();
    CountDownLatch idles = new CountDownLatch(1);
    Task<Boolean> lender =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      here.idle(
                          () -> {
                            idles.countDown();
                            if (due.get()) {
                              return true;
                            }
                            if (guestAsks.get()) {
                              due.set(true);
                              here.wakeup();
                            }
                            return here.isRecalled();
                          });
                      return true;
                    }));
    idles.await();
    spawn(
        pool,
        here -> {
          guestAsks.set(true);
          log.add("first " + here.isRecalled());
          log.add("then " + here.isRecalled());
        });

    assertThat(lender.result()).isTrue();
    assertThat(log).containsExactly("first false", "then true");
  }

  @Test
  void isRecalled_whenTheLendersPredicateThrows_isTheLendersAffair() throws Exception {
    // a predicate that throws throws in its lender and not in the guest that happened to ask
    AtomicBoolean fails = new AtomicBoolean();
    IllegalStateException thrown = new IllegalStateException();
    CountDownLatch idling = new CountDownLatch(1);
    CountDownLatch asks = new CountDownLatch(1);
    Task<Boolean> lender =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      try {
                        here.idle(
                            () -> {
                              idling.countDown();
                              if (fails.get()) {
                                throw thrown;
                              }
                              return false;
                            });
                      } catch (IllegalStateException e) {
                        log.add(e == thrown ? "lender threw" : "another");
                      }
                      return true;
                    }));
    idling.await();
    spawn(
        pool,
        here -> {
          try {
            asks.countDown();
            while (!here.isRecalled()) {
              Thread.onSpinWait();
            }
            log.add("guest left");
          } catch (IllegalStateException e) {
            log.add("guest threw");
          }
        });
    asks.await();

    fails.set(true);
    domain.wakeup();

    assertThat(lender.result()).isTrue();
    assertThat(log).containsExactly("guest left", "lender threw");
  }

  // Races

  @Test
  void wakeup_isNeverLost() throws Exception {
    // 200,000 times a flag is set and the domain woken, in any phase of going to sleep: each is
    // seen
    int rounds = 200_000;
    AtomicInteger flag = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    Task<Boolean> idling =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      for (int i = 1; i <= rounds; i++) {
                        int round = i;
                        here.idle(() -> flag.get() >= round);
                        seen.set(round);
                      }
                      return true;
                    }));

    for (int i = 1; i <= rounds; i++) {
      flag.set(i);
      domain.wakeup();
      int round = i;
      Wait.untilSoon(() -> seen.get() >= round);
    }

    assertThat(idling.result()).isTrue();
  }

  @Test
  void offer_isNeverLost() {
    // 100,000 tasks lent in any phase of going to sleep all run, without any wake-up but the
    // lending
    int rounds = 100_000;
    AtomicInteger ran = new AtomicInteger();
    DomainTask task = here -> ran.incrementAndGet();

    for (int i = 1; i <= rounds; i++) {
      int round = i;
      Wait.untilSoon(() -> pool.trySpawn(task));
      Wait.untilSoon(() -> ran.get() == round);
    }

    assertThat(ran).hasValue(rounds);
  }

  @Test
  void recall_isNeverLost() throws Exception {
    // 20,000 times a lender's predicate comes true while a guest occupies its domain: the guest
    // always learns of it
    int rounds = 20_000;
    AtomicInteger flag = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    AtomicBoolean over = new AtomicBoolean();
    CountDownLatch idling = new CountDownLatch(1);
    Task<Boolean> lender =
        Task.start(
            () ->
                inDomain(
                    here -> {
                      for (int i = 1; i <= rounds; i++) {
                        int round = i;
                        here.idle(
                            () -> {
                              idling.countDown();
                              return flag.get() >= round;
                            });
                        seen.set(round);
                      }
                      return true;
                    }));
    idling.await();
    Task<Boolean> guests =
        Task.start(
            () -> {
              DomainTask guest =
                  here -> {
                    while (!here.isRecalled() && !over.get()) {
                      Thread.onSpinWait();
                    }
                  };
              while (!over.get()) {
                pool.trySpawn(guest);
                Thread.yield();
              }
            });

    for (int i = 1; i <= rounds; i++) {
      flag.set(i);
      domain.wakeup();
      int round = i;
      Wait.untilSoon(() -> seen.get() >= round);
    }
    over.set(true);
    guests.result();

    assertThat(lender.result()).isTrue();
  }

  // Observing

  /** related-systems 1.7: the name of the current scheduler. */
  @Test
  void task_isTheInnermostThatRuns() throws Exception {
    DomainTask guest = here -> log.add("guest sees itself " + (here.task() != null));
    assertThat(domain.task()).isNull();
    DomainTask seen =
        inDomain(
            here -> {
              DomainTask mine = here.task();
              AtomicBoolean lent = new AtomicBoolean();
              Task<Boolean> lender =
                  Task.start(
                      () -> {
                        Wait.until(() -> pool.trySpawn(guest));
                        lent.set(true);
                        here.wakeup();
                        return true;
                      });
              here.idle(lent::get);
              assertThat(lender.result()).isTrue();
              assertThat(here.task()).isSameAs(mine);
              return mine;
            });
    assertThat(seen).isNotNull().isNotSameAs(guest);
    assertThat(log).containsExactly("guest sees itself true");
    Wait.until(() -> domain.task() == null);
  }

  /** related-systems 1.7: JFR events for lend and return, sleep and wake. */
  @Test
  void flightRecording_showsWhatRanAndWhenNothingDid(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("recording.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("dev.picos.DomainLent").withoutThreshold();
      recording.enable("dev.picos.DomainSlept").withoutThreshold();
      recording.start();
      for (String name : List.of("first", "second", "cannot say")) {
        spawn(pool, new Named(name));
        Wait.until(() -> domain.task() == null && log.contains(name));
      }
      Wait.until(() -> pool.idleCount() == 1); // all events have been committed then
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    assertThat(events)
        .filteredOn(event -> event.getEventType().getName().equals("dev.picos.DomainLent"))
        .allSatisfy(event -> assertThat(event.getInt("domain")).isZero())
        .extracting(event -> event.getString("task"))
        .containsExactly("first", "second", Named.class.getName());
    assertThat(events)
        .filteredOn(event -> event.getEventType().getName().equals("dev.picos.DomainSlept"))
        .isNotEmpty()
        .allSatisfy(event -> assertThat(event.getInt("domain")).isZero());
  }

  private final class Named implements DomainTask {
    private final String name;

    Named(String name) {
      this.name = name;
    }

    @Override
    public void run(Domain here) {
      log.add(name);
    }

    @Override
    public String toString() {
      if (name.equals("cannot say")) {
        throw new IllegalStateException(name);
      }
      return name;
    }
  }
}
