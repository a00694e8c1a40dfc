package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Timeouts of plain threads at the limits; what they do otherwise is in ThreadHandlerTest. */
class ThreadTimerTest {
  private static final InheritableThreadLocal<Object> INHERITED = new InheritableThreadLocal<>();

  private final RuntimeException reason = new RuntimeException("reason");
  private final Computation<Object> computation = new Computation<>();
  private final List<Throwable> uncaught = new ArrayList<>();

  private Thread daemon(Runnable body) {
    return Thread.ofPlatform()
        .daemon()
        .uncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown))
        .unstarted(body);
  }

  private static Thread refusing() {
    return new Thread() {
      @Override
      public void start() {
        throw new OutOfMemoryError("no thread");
      }
    };
  }

  @Test
  void cancelAfter_withoutThreads() {
    // if no thread can be started nothing is set, and the next timeout tries again
    AtomicBoolean refuse = new AtomicBoolean(true);
    ThreadTimer timer = new ThreadTimer(body -> refuse.get() ? refusing() : daemon(body));
    Computation<Object> refused = new Computation<>();

    assertThatThrownBy(() -> timer.cancelAfter(refused, Duration.ZERO, reason))
        .isInstanceOf(OutOfMemoryError.class);
    assertThatThrownBy(() -> timer.cancelAfter(refused, Duration.ZERO, reason))
        .isInstanceOf(OutOfMemoryError.class);
    refuse.set(false);
    timer.cancelAfter(computation, Duration.ZERO, reason);

    computation.join();
    assertThat(computation.cancelReason()).isSameAs(reason);
    assertThat(refused.isRunning()).isTrue();
    assertThat(refused.attachedCount()).isZero();
  }

  @Test
  void cancelAfter_startsOneThread() throws Exception {
    // threads that set the first timeouts at the same time start one thread
    for (int i = 0; i < 200; i++) {
      List<Thread> started = new ArrayList<>();
      ThreadTimer timer =
          new ThreadTimer(
              body -> {
                started.add(daemon(body));
                return started.getLast();
              });
      Task<Boolean> other =
          Task.start(() -> timer.cancelAfter(new Computation<>(), Duration.ZERO, reason));

      timer.cancelAfter(computation, Duration.ZERO, reason);

      assertThat(other.result()).isTrue();
      assertThat(started).hasSize(1);
    }
  }

  @Test
  void throwingAction_stopsNeitherTheTimerNorOthers() {
    // what an action throws is reported in the timer's thread, and all timeouts pass
    ThreadTimer timer = new ThreadTimer(this::daemon);
    RuntimeException thrown = new RuntimeException("thrown by the action");
    List<Computation<Object>> computations = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      Computation<Object> each = new Computation<>();
      assertThat(
              each.tryAttach(
                  Trigger.fromAction(
                      null,
                      null,
                      (trigger, none, nothing) -> {
                        throw thrown;
                      })))
          .isTrue();
      computations.add(each);
      timer.cancelAfter(each, Duration.ofMillis(2), reason);
    }
    timer.cancelAfter(computation, Duration.ofMillis(4), reason);

    computation.join();

    assertThat(computations).allMatch(Computation::isCanceled);
    assertThat(uncaught).hasSize(100).containsOnly(thrown);
  }

  @Test
  void throwingHandler_doesNotStopTheTimer() {
    // nor does a handler of uncaught exceptions that throws
    ThreadTimer timer =
        new ThreadTimer(
            body ->
                Thread.ofPlatform()
                    .daemon()
                    .uncaughtExceptionHandler(
                        (thread, thrown) -> {
                          throw reason;
                        })
                    .unstarted(body));
    Computation<Object> bad =
        Computation.withAction(
            Computation.Mode.FIFO,
            null,
            null,
            (trigger, none, nothing) -> {
              throw reason;
            });
    timer.cancelAfter(bad, Duration.ZERO, reason);
    timer.cancelAfter(computation, Duration.ofMillis(2), reason);

    computation.join();

    assertThat(bad.isCanceled()).isTrue();
  }

  @Test
  void timeouts_ofCompletedComputations() {
    // whether a timeout is withdrawn at once or has been in the heap, it is not held for long
    ThreadTimer timer = new ThreadTimer(this::daemon);
    List<Computation<Object>> computations = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      Computation<Object> each = new Computation<>();
      timer.cancelAfter(each, Duration.ofDays(1), reason);
      computations.add(each);
    }

    computations.forEach(each -> each.tryReturn("value"));
    for (int i = 0; i < 20_000; i++) {
      Computation<Object> each = new Computation<>();
      timer.cancelAfter(each, Duration.ofDays(1), reason);
      each.tryReturn("value");
    }

    Wait.until(() -> timer.held() < 2_100);
  }

  @Test
  void thread_endsWhenIdle_andStartsAgain() {
    // timeouts that are set while it is about to end pass as all others do
    List<Thread> started = new ArrayList<>();
    ThreadTimer timer =
        new ThreadTimer(
            body -> {
              started.add(daemon(body));
              return started.getLast();
            },
            Duration.ZERO);
    for (int i = 0; i < 2_000; i++) {
      Computation<Object> each = new Computation<>();
      timer.cancelAfter(each, Duration.ZERO, reason);
      each.join();
      assertThat(each.cancelReason()).isSameAs(reason);
    }

    Wait.until(() -> !timer.hasThread());
    for (Thread thread : started) {
      Wait.until(() -> !thread.isAlive());
    }
    assertThat(started).hasSizeGreaterThan(1);
    assertThat(timer.held()).isZero();
  }

  @Test
  void thread_hasTimeouts_andDoesNotEnd() {
    ThreadTimer timer = new ThreadTimer(this::daemon, Duration.ZERO);
    timer.cancelAfter(computation, Duration.ofMillis(20), reason);

    computation.join();

    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  @Test
  void thread_keepsNothingOfTheFirstUser() throws Exception {
    // the timer's thread keeps neither the inheritable thread locals nor the class loaders of the
    // thread that sets the first timeout
    ThreadTimer timer = new ThreadTimer();

    List<WeakReference<?>> garbage = Task.start(() -> firstUse(timer)).result();

    for (WeakReference<?> each : garbage) {
      Wait.untilCollected(each, timer);
    }
  }

  private List<WeakReference<?>> firstUse(ThreadTimer timer) throws Exception {
    Object inherited = new Object();
    ClassLoader context = new URLClassLoader(new URL[0]);
    Consumer<Runnable> caller = callerOfItsOwnLoader();
    INHERITED.set(inherited);
    Thread.currentThread().setContextClassLoader(context);
    caller.accept(() -> timer.cancelAfter(computation, Duration.ofDays(1), reason));
    return List.of(
        new WeakReference<>(inherited),
        new WeakReference<>(context),
        new WeakReference<>(caller.getClass().getClassLoader()));
  }

  /** What is on the stack while the first timeout is set. */
  public static final class Caller implements Consumer<Runnable> {
    @Override
    public void accept(Runnable body) {
      body.run();
    }
  }

  @SuppressWarnings("unchecked")
  private static Consumer<Runnable> callerOfItsOwnLoader() throws Exception {
    String name = Caller.class.getName();
    byte[] code;
    try (InputStream in =
        Caller.class.getResourceAsStream("/" + name.replace('.', '/') + ".class")) {
      code = in.readAllBytes();
    }
    Class<?> copy =
        new ClassLoader(null) {
          Class<?> define() {
            return defineClass(name, code, 0, code.length);
          }
        }.define();
    return (Consumer<Runnable>) copy.getConstructor().newInstance();
  }
}
