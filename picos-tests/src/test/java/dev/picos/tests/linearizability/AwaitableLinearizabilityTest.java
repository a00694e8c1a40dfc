package dev.picos.tests.linearizability;

import static dev.picos.tests.linearizability.Experiment.run;

import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.awaitable.AwaitableReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Awaitables do what they would do if each of their operations were atomic. */
@Tag("explored")
class AwaitableLinearizabilityTest {
  /** The value. The name says what is done to it: {@code compareAndSet} is from 0. */
  private static final class AwaitableModel implements Model<Integer> {
    @Override
    public Integer initial() {
      return 0;
    }

    @Override
    public Integer after(Integer value, Operation operation) {
      return switch (operation.name) {
        case "set" -> (Integer) operation.argument;
        case "getAndSet" -> operation.returned(value) ? (Integer) operation.argument : null;
        case "compareAndSet" ->
            operation.returned(value == 0)
                ? value == 0 ? (Integer) operation.argument : value
                : null;
        case "get" -> operation.returned(value) ? value : null;
        case "await" -> value; // may return whatever the value is
        default -> throw new AssertionError(operation);
      };
    }

    @Override
    public boolean waits(Integer value, Operation operation) {
      return operation.name.equals("await") && value.equals(operation.argument);
    }
  }

  /** Each change is followed by a broadcast; so nobody waits while the value is another. */
  @Test
  void numbers() {
    new Experiment<>(() -> new AwaitableInt(0), new AwaitableModel())
        .operation(
            "set",
            3,
            (awaitable, value) -> {
              awaitable.set(value);
              awaitable.broadcast();
              return null;
            })
        .operation("get", (awaitable, none) -> awaitable.get())
        .operation("await", 3, (awaitable, value) -> run(() -> awaitable.await(value)))
        .check();
  }

  /** The same; small integers are the same objects each time. */
  @Test
  void references() {
    new Experiment<>(() -> new AwaitableReference<>(0), new AwaitableModel())
        .operation(
            "set",
            3,
            (awaitable, value) -> {
              awaitable.set(value);
              awaitable.broadcast();
              return null;
            })
        .operation(
            "getAndSet",
            3,
            (awaitable, value) -> {
              Integer before = awaitable.getAndSet(value);
              awaitable.broadcast();
              return before;
            })
        .operation(
            "compareAndSet",
            3,
            (awaitable, value) -> {
              boolean done = awaitable.compareAndSet(0, value);
              awaitable.broadcast();
              return done;
            })
        .operation("get", (awaitable, none) -> awaitable.get())
        .operation("await", 3, (awaitable, value) -> run(() -> awaitable.await(value)))
        .check();
  }

  private static boolean tryAcquire(AwaitableReference<Integer> permits) {
    for (Integer now = permits.get(); now > 0; now = permits.get()) {
      if (permits.compareAndSet(now, now - 1)) {
        return true;
      }
    }
    return false;
  }

  /** A signal for each permit is enough, as whoever is canceled passes it on. */
  @Test
  void signals() {
    new Experiment<>(() -> new AwaitableReference<>(1), new SemaphoreModel(1))
        .operation(
            "acquire",
            (permits, none) -> {
              while (!tryAcquire(permits)) {
                permits.await(0);
              }
              return null;
            })
        .operation("tryAcquire", (permits, none) -> tryAcquire(permits))
        .operation(
            "release",
            (permits, none) -> {
              Integer now = permits.get();
              while (!permits.compareAndSet(now, now + 1)) {
                now = permits.get();
              }
              permits.signal();
              return null;
            })
        .operation("availablePermits", (permits, none) -> permits.get())
        .check();
  }
}
