package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.std.sync.Ivar;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What it costs to hand a turn over to another fiber: a round trip is two operations. */
@State(Scope.Benchmark)
public class PingPongBenchmark extends Settings {
  private static final int TURNS = 200_000;

  /** One side of a ping-pong over triggers: what the other one signals next. */
  private static final class Side {
    Trigger trigger = new Trigger();
  }

  /** Over two triggers. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public void picosTriggers(OnEach scheduler) {
    scheduler.run(
        () -> {
          Side ping = new Side();
          Side pong = new Side();
          Fiber.spawn(new Fiber(new Computation<>()), fiber -> play(pong, ping));
          Fiber.spawn(
              new Fiber(new Computation<>()),
              fiber -> {
                pong.trigger.signal();
                play(ping, pong);
              });
        });
  }

  private static void play(Side mine, Side other) {
    for (int i = 0; i < TURNS / 2; i++) {
      if (mine.trigger.await() != null) {
        throw new IllegalStateException("canceled");
      }
      mine.trigger = new Trigger();
      other.trigger.signal();
    }
  }

  /** One side of a ping-pong over variables. */
  private static final class Box {
    Ivar<Integer> ivar = new Ivar<>();
  }

  /** Over {@link Ivar}. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public void picosIvars(OnEach scheduler) {
    scheduler.run(
        () -> {
          Box ping = new Box();
          Box pong = new Box();
          Fiber.spawn(new Fiber(new Computation<>()), fiber -> play(pong, ping));
          Fiber.spawn(
              new Fiber(new Computation<>()),
              fiber -> {
                pong.ivar.tryFill(1);
                play(ping, pong);
              });
        });
  }

  private static void play(Box mine, Box other) {
    for (int i = 0; i < TURNS / 2; i++) {
      Integer value = mine.ivar.read();
      mine.ivar = new Ivar<>();
      other.ivar.tryFill(value);
    }
  }

  /** Park and unpark, on an executor like ours. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public void ownExecutor() {
    OwnExecutor executor = new OwnExecutor();
    Players players = new Players();
    players.ping = executor.unstarted(() -> players.play(0));
    players.pong = executor.unstarted(() -> players.play(1));
    players.ping.start();
    players.pong.start();
    executor.run();
  }

  /** Park and unpark, on the JDK's scheduler. */
  @Benchmark
  @OperationsPerInvocation(TURNS)
  public void jdk() throws InterruptedException {
    Players players = new Players();
    players.ping = Thread.ofVirtual().unstarted(() -> players.play(0));
    players.pong = Thread.ofVirtual().unstarted(() -> players.play(1));
    players.ping.start();
    players.pong.start();
    players.ping.join();
    players.pong.join();
  }

  /** The same, on one carrier. */
  @Benchmark
  @Fork(jvmArgsAppend = {Jdk.ONE, Jdk.ONE_AT_MOST})
  @OperationsPerInvocation(TURNS)
  public void jdkOneCarrier() throws InterruptedException {
    jdk();
  }

  /** Two threads that take turns. */
  private static final class Players {
    Thread ping;
    Thread pong;
    volatile int turn;

    void play(int mine) {
      Thread other = mine == 0 ? pong : ping;
      for (int i = 0; i < TURNS / 2; i++) {
        while (turn != mine) {
          LockSupport.park();
        }
        turn = 1 - mine;
        LockSupport.unpark(other);
      }
    }
  }
}
