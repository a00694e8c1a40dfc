package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** How an await ends, and what it returns. */
interface AwaitRules extends Rules {
  @Test
  @DisplayName("AWAIT-01: a fiber that another fiber signals continues, and is told of no reason")
  default void await01_signaledByFiber() {
    scheduler()
        .run(
            () -> {
              Trigger trigger = new Trigger();
              Fibers.spawn(
                  () -> {
                    trigger.signal();
                  });
              assertNull(trigger.await());
              assertTrue(trigger.isSignaled());
            });
  }

  @Test
  @DisplayName("AWAIT-02: a trigger that is signaled already does not suspend")
  default void await02_signaledAlready() {
    scheduler()
        .run(
            () -> {
              Fiber.current().setComputation(Fibers.canceled(new RuntimeException("canceled")));
              Trigger trigger = new Trigger();
              trigger.signal();
              assertNull(trigger.await());
              assertNull(Trigger.signaled().await());
            });
  }

  @Test
  @DisplayName("AWAIT-03: an await of a fiber that is canceled before returns the very reason")
  default void await03_canceledBefore() {
    RuntimeException reason = new RuntimeException("canceled");

    Fibers.run(
        scheduler(),
        new Fiber(Fibers.canceled(reason)),
        self -> {
          Trigger trigger = new Trigger();
          assertSame(reason, trigger.await());
          assertTrue(trigger.isSignaled());
        });
  }

  @Test
  @DisplayName("AWAIT-04: an await of a fiber that is canceled meanwhile returns the very reason")
  default void await04_canceledMeanwhile() {
    RuntimeException reason = new RuntimeException("canceled");
    Computation<Object> scope = new Computation<>();
    Trigger trigger = new Trigger();
    Patience.onceAwaited(this, trigger, () -> scope.tryCancel(reason));

    Fibers.run(
        scheduler(),
        new Fiber(scope),
        self -> {
          assertSame(reason, trigger.await());
          assertTrue(trigger.isSignaled());
        });
  }

  @Test
  @DisplayName("AWAIT-05: a fiber canceled between its signal and its continuing is told of it")
  default void await05_canceledAfterSignal() {
    RuntimeException reason = new RuntimeException("canceled");
    boolean told = false;

    for (int i = 0; i < 100 && !told; i++) {
      Computation<Object> scope = new Computation<>();
      Trigger go = new Trigger();
      Trigger trigger = new Trigger();
      Patience.onceAwaited(this, trigger, go::signal);
      told =
          scheduler()
              .<Boolean, RuntimeException>call(
                  () -> {
                    Computation<Boolean> waiter =
                        Fibers.startUnder(scope, () -> trigger.await() == reason);
                    Fibers.spawn(
                        () -> {
                          assertNull(go.await());
                          trigger.signal();
                          scope.tryCancel(reason); // in parallel the waiter may be faster, rarely
                        });
                    return waiter.await();
                  });
    }

    assertTrue(told, "never told of a cancelation that came before it continued");
  }

  @Test
  @DisplayName("AWAIT-06: an await returns reasons of every kind, and throws none of them")
  default void await06_neverThrows() {
    for (Throwable reason :
        List.of(new RuntimeException(), new IOException(), new Error(), new Throwable())) {
      Fibers.run(
          scheduler(),
          new Fiber(Fibers.canceled(reason)),
          self -> assertSame(reason, new Trigger().await()));
    }
  }

  @Test
  @DisplayName("AWAIT-07: a fiber whose own computation returns meanwhile continues, not canceled")
  default void await07_returnedMeanwhile() {
    Computation<Integer> scope = new Computation<>();
    Trigger trigger = new Trigger();
    Patience.onceAwaited(this, trigger, () -> scope.tryReturn(42));

    Fibers.run(
        scheduler(),
        new Fiber(scope),
        self -> {
          assertNull(trigger.await());
          assertTrue(trigger.isSignaled());
        });
  }

  @Test
  @DisplayName("AWAIT-08: a fiber whose own computation has returned awaits like any other")
  default void await08_returnedBefore() {
    Trigger trigger = new Trigger();
    boolean[] signaled = {false};
    Patience.onceAwaited(
        this,
        trigger,
        () -> {
          signaled[0] = true;
          trigger.signal();
        });

    Fibers.run(
        scheduler(),
        new Fiber(Computation.returned(42)),
        self -> {
          assertNull(trigger.await());
          assertTrue(signaled[0], "went on before the signal");
        });
  }

  @Test
  @DisplayName("AWAIT-09: what cancels an await is the computation that the fiber has then")
  default void await09_ownComputation() {
    RuntimeException reason = new RuntimeException("canceled");
    Computation<Object> inner = new Computation<>();
    Trigger trigger = new Trigger();
    Patience.onceAwaited(this, trigger, () -> inner.tryCancel(reason));

    scheduler()
        .run(
            () -> {
              Fiber self = Fiber.current();
              Computation<?> outer = self.computation();
              self.setComputation(inner);
              assertSame(reason, trigger.await());
              self.setComputation(outer);
              assertEquals(42, Fibers.start(() -> 42).await());
            });
  }
}
