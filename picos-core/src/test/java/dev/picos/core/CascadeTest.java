package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.testing.Task;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CascadeTest {
  private static final int DEPTH = 100_000;

  private final RuntimeException reason = new RuntimeException("reason");
  private final List<String> log = new ArrayList<>();

  private static List<Computation<Object>> computations(int count) {
    return Stream.generate(() -> new Computation<>()).limit(count).toList();
  }

  private static List<Computation<Object>> chain(int count) {
    List<Computation<Object>> chain = computations(count);
    for (int i = 1; i < count; i++) {
      Computation.attachCanceler(chain.get(i - 1), chain.get(i));
    }
    return chain;
  }

  private void attachLog(Computation<?> computation, String entry) {
    assertThat(computation.tryAttach(Trigger.fromAction(log, entry, (t, log, e) -> log.add(e))))
        .isTrue();
  }

  private static void attachThrowing(Computation<?> computation, Throwable thrown) {
    assertThat(computation.tryAttach(throwing(thrown))).isTrue();
  }

  private static Trigger throwing(Throwable thrown) {
    return Trigger.fromAction(thrown, null, (t, x, y) -> CascadeTest.<RuntimeException>sneak(x));
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void sneak(Throwable thrown) throws E {
    throw (E) thrown;
  }

  @Test
  void chain_isFollowedWithoutRecursion() {
    // Canceling the first of 100,000 cancels all of them before it returns
    List<Computation<Object>> chain = chain(DEPTH);

    boolean canceled = chain.getFirst().tryCancel(reason);

    assertThat(canceled).isTrue();
    assertThat(chain).allMatch(computation -> computation.cancelReason() == reason);
  }

  @Test
  void chain_isFollowedOnSmallStack() throws Exception {
    // A small stack is enough for a long chain
    List<Computation<Object>> chain = chain(DEPTH);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread canceler =
        new Thread(null, () -> chain.getFirst().tryCancel(reason), "small stack", 160 * 1024);
    canceler.setUncaughtExceptionHandler((thread, t) -> thrown.set(t));

    canceler.start();
    canceler.join();

    assertThat(thrown).hasNullValue();
    assertThat(chain.getLast().cancelReason()).isSameAs(reason);
  }

  @Test
  void chain_isFollowedFromCanceler() {
    // A long chain is followed from a canceler that is signaled by hand as well
    List<Computation<Object>> chain = chain(DEPTH);
    Computation<Object> from = new Computation<>();
    from.tryCancel(reason);

    Computation.canceler(from, chain.getFirst()).signal();

    assertThat(chain.getLast().cancelReason()).isSameAs(reason);
  }

  @Test
  void chain_isFollowedFromTransaction() {
    // A long chain is followed from the commit of a transaction as well
    List<Computation<Object>> chain = chain(DEPTH);
    Transaction transaction = new Transaction();
    assertThat(transaction.tryCancel(chain.getFirst(), reason)).isTrue();

    boolean committed = transaction.tryCommit();

    assertThat(committed).isTrue();
    assertThat(chain.getLast().cancelReason()).isSameAs(reason);
  }

  @Test
  void chain_endsWhereOneIsCompleted() {
    // what is completed already is left alone, and so is what lies behind it
    List<Computation<Object>> chain = chain(5);
    chain.get(2).tryReturn("value");

    chain.getFirst().tryCancel(reason);

    assertThat(chain.get(1).cancelReason()).isSameAs(reason);
    assertThat(chain.get(2).await()).isEqualTo("value");
    assertThat(chain.get(3).isRunning()).isTrue();
    assertThat(chain.get(4).isRunning()).isTrue();
  }

  @Test
  void chain_thatIsCyclic() {
    // a cycle of cancelers ends where it began
    List<Computation<Object>> chain = chain(3);
    Computation.attachCanceler(chain.get(2), chain.get(0));

    boolean canceled = chain.get(1).tryCancel(reason);

    assertThat(canceled).isTrue();
    assertThat(chain).allMatch(computation -> computation.cancelReason() == reason);
  }

  @ParameterizedTest
  @EnumSource
  void tree_isFollowedDepthFirst(Computation.Mode mode) {
    // all that a canceler sets off comes before the next trigger, each in its computation's order
    Computation<Object> root = new Computation<>(mode);
    Computation<Object> left = new Computation<>(mode);
    Computation<Object> right = new Computation<>(mode);
    attachLog(root, "root 1");
    Computation.attachCanceler(root, left);
    attachLog(root, "root 2");
    Computation.attachCanceler(root, right);
    attachLog(root, "root 3");
    attachLog(left, "left 1");
    attachLog(left, "left 2");
    attachLog(right, "right 1");
    attachLog(right, "right 2");

    root.tryCancel(reason);

    List<String> inOrder =
        List.of("root 1", "left 1", "left 2", "root 2", "right 1", "right 2", "root 3");
    assertThat(log).isEqualTo(mode == Computation.Mode.FIFO ? inOrder : inOrder.reversed());
  }

  @Test
  void tree_isTakenUpWhereItWasLeft() {
    // after the deepest computation, those above it are taken up again one by one
    Computation<Object> top = new Computation<>();
    Computation<Object> middle = new Computation<>();
    Computation<Object> bottom = new Computation<>();
    Computation.attachCanceler(top, middle);
    attachLog(top, "top");
    Computation.attachCanceler(middle, bottom);
    attachLog(middle, "middle");
    attachLog(bottom, "bottom");

    top.tryCancel(reason);

    assertThat(log).containsExactly("bottom", "middle", "top");
  }

  @Test
  void tree_mixesModes() {
    // each computation keeps to its own mode within a cascade
    Computation<Object> fifo = new Computation<>(Computation.Mode.FIFO);
    Computation<Object> lifo = new Computation<>(Computation.Mode.LIFO);
    attachLog(fifo, "fifo 1");
    Computation.attachCanceler(fifo, lifo);
    attachLog(fifo, "fifo 2");
    attachLog(lifo, "lifo 1");
    attachLog(lifo, "lifo 2");

    fifo.tryCancel(reason);

    assertThat(log).containsExactly("fifo 1", "lifo 2", "lifo 1", "fifo 2");
  }

  @Test
  void fan_isFollowed() {
    // 100,000 cancelers of one computation are followed as well as a long chain
    Computation<Object> root = new Computation<>();
    List<Computation<Object>> leaves = computations(DEPTH);
    leaves.forEach(leaf -> Computation.attachCanceler(root, leaf));

    root.tryCancel(reason);

    assertThat(leaves).allMatch(leaf -> leaf.cancelReason() == reason);
  }

  @Test
  void diamond_isCanceledOnce() {
    // a computation reached on two ways is canceled once
    Computation<Object> root = new Computation<>();
    Computation<Object> left = new Computation<>();
    Computation<Object> right = new Computation<>();
    Computation<Object> end = new Computation<>();
    Computation.attachCanceler(root, left);
    Computation.attachCanceler(root, right);
    Computation.attachCanceler(left, end);
    Computation.attachCanceler(right, end);
    attachLog(end, "end");

    root.tryCancel(reason);

    assertThat(log).containsExactly("end");
    assertThat(end.cancelReason()).isSameAs(reason);
  }

  @Test
  void throwingAction_doesNotStopTheOthers() {
    // An action that throws keeps no trigger from being signaled; its exception comes out
    Computation<Object> computation = new Computation<>();
    RuntimeException thrown = new RuntimeException("thrown by the action");
    attachLog(computation, "before");
    attachThrowing(computation, thrown);
    attachLog(computation, "after");

    assertThatThrownBy(() -> computation.tryCancel(reason)).isSameAs(thrown);

    assertThat(log).containsExactly("before", "after");
    assertThat(computation.cancelReason()).isSameAs(reason);
    assertThat(thrown).hasNoSuppressedExceptions();
  }

  @Test
  void throwingAction_onReturn() {
    // The same holds for a computation that returns
    Computation<Object> computation = new Computation<>();
    RuntimeException thrown = new RuntimeException("thrown by the action");
    attachThrowing(computation, thrown);
    attachLog(computation, "after");

    assertThatThrownBy(() -> computation.tryReturn("value")).isSameAs(thrown);

    assertThat(log).containsExactly("after");
    assertThat(computation.await()).isEqualTo("value");
  }

  @Test
  void throwingActions_areReportedTogether() {
    // of several exceptions the first is thrown, and the others are suppressed in it, in order
    Computation<Object> computation = new Computation<>();
    RuntimeException first = new RuntimeException("first");
    Error second = new AssertionError("second");
    IOException third = new IOException("third");
    attachThrowing(computation, first);
    attachThrowing(computation, second);
    attachThrowing(computation, third);

    assertThatThrownBy(() -> computation.tryCancel(reason)).isSameAs(first);

    assertThat(first.getSuppressed()).containsExactly(second, third);
  }

  @Test
  void throwingActions_withOneException() {
    // two actions that throw the same object: it is not added to itself
    Computation<Object> computation = new Computation<>();
    RuntimeException thrown = new RuntimeException("thrown by both");
    attachThrowing(computation, thrown);
    attachThrowing(computation, thrown);
    attachLog(computation, "after");

    assertThatThrownBy(() -> computation.tryCancel(reason)).isSameAs(thrown);

    assertThat(thrown).hasNoSuppressedExceptions();
    assertThat(log).containsExactly("after");
  }

  @Test
  void throwingAction_ofCheckedException() {
    // a checked exception thrown on the sly comes out unchanged
    Computation<Object> computation = new Computation<>();
    IOException thrown = new IOException();
    attachThrowing(computation, thrown);

    assertThatThrownBy(() -> computation.tryCancel(reason)).isSameAs(thrown);
  }

  @Test
  void throwingAction_withinChain() {
    // an action that throws in the middle of a chain does not keep its end from being canceled
    List<Computation<Object>> chain = computations(10);
    RuntimeException thrown = new RuntimeException("thrown by the action");
    attachThrowing(chain.get(5), thrown);
    for (int i = 1; i < chain.size(); i++) {
      Computation.attachCanceler(chain.get(i - 1), chain.get(i));
    }

    assertThatThrownBy(() -> chain.getFirst().tryCancel(reason)).isSameAs(thrown);

    assertThat(chain).allMatch(computation -> computation.cancelReason() == reason);
  }

  @Test
  void throwingAction_inTransaction() {
    // a transaction whose triggers throw is committed, and all its triggers are signaled
    Computation<Object> first = new Computation<>();
    Computation<Object> second = new Computation<>();
    RuntimeException thrownFirst = new RuntimeException("first");
    RuntimeException thrownSecond = new RuntimeException("second");
    attachThrowing(first, thrownFirst);
    attachLog(first, "first");
    attachThrowing(second, thrownSecond);
    attachLog(second, "second");
    Transaction transaction = new Transaction();
    assertThat(transaction.tryReturn(first, 1)).isTrue();
    assertThat(transaction.tryReturn(second, 2)).isTrue();

    assertThatThrownBy(transaction::tryCommit).isSameAs(thrownFirst);

    assertThat(thrownFirst.getSuppressed()).containsExactly(thrownSecond);
    assertThat(log).containsExactly("first", "second");
    assertThat(first.await()).isEqualTo(1);
    assertThat(second.await()).isEqualTo(2);
  }

  @Test
  void throwingAction_ofDetachedTrigger() {
    // a detached trigger whose action throws has given up its place all the same
    Computation<Object> computation = new Computation<>();
    RuntimeException thrown = new RuntimeException("thrown by the action");
    Trigger trigger = throwing(thrown);
    assertThat(computation.tryAttach(trigger)).isTrue();

    assertThatThrownBy(() -> computation.detach(trigger)).isSameAs(thrown);

    assertThat(computation.attachedCount()).isZero();
    assertThatCode(() -> computation.tryCancel(reason)).doesNotThrowAnyException();
  }

  @Test
  void throwingAction_ofCaptured() throws Exception {
    // capturing throws nothing: the thread's handler is told what actions throw
    Computation<Object> computation = new Computation<>();
    RuntimeException thrown = new RuntimeException("thrown by the action");
    attachThrowing(computation, thrown);
    attachLog(computation, "after");
    List<Throwable> uncaught = new ArrayList<>();

    Task<Boolean> task =
        Task.start(
            () -> {
              Thread.currentThread()
                  .setUncaughtExceptionHandler((t, failure) -> uncaught.add(failure));
              return computation.tryCapture(() -> "value");
            });

    assertThat(task.result()).isTrue();
    assertThat(computation.await()).isEqualTo("value");
    assertThat(log).containsExactly("after");
    assertThat(uncaught).containsExactly(thrown);
  }

  @Test
  void action_thatCompletesAnother() {
    // an action may complete another computation, whose triggers are signaled before it goes on
    Computation<Object> other = new Computation<>();
    attachLog(other, "other");
    Computation<Object> computation =
        Computation.withAction(
            Computation.Mode.FIFO, other, "value", (trigger, c, value) -> c.tryReturn(value));
    attachLog(computation, "computation");

    computation.tryReturn("value");

    assertThat(log).containsExactly("other", "computation");
  }
}
