package dev.picos.interop;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.interop.agrona.FiberAgent;
import dev.picos.tck.Capability;
import dev.picos.tck.SchedulerContract;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;

/** The contract of every scheduler, kept by event loops of several kinds. */
class EventLoopContractTest {
  /** Waits for each run, which is what makes a scheduler of an event loop. */
  private record Waiting(EventLoopScheduler scheduler) implements Scheduler {
    @Override
    public void run(Fiber fiber, Consumer<? super Fiber> main) {
      Fiber.current().runForbiddingCancelation(() -> Interop.await(scheduler.run(fiber, main)));
    }
  }

  /** Each scheduler has a loop of its own, which ends after the rule. */
  private abstract static class Contract extends SchedulerContract {
    private final List<Runnable> ends = new ArrayList<>();

    abstract Executor newLoop(Consumer<Runnable> atTheEnd);

    @Override
    protected final synchronized Scheduler newScheduler() {
      return new Waiting(EventLoopScheduler.on(newLoop(ends::add)));
    }

    @Override
    protected Set<Capability> capabilities() {
      return EnumSet.of(
          Capability.FIFO_ORDER,
          Capability.CANCELED_FIRST,
          Capability.FAIRNESS,
          Capability.BLOCKING);
    }

    @AfterEach
    synchronized void endLoops() {
      ends.forEach(Runnable::run);
    }
  }

  @Nested
  class SingleThread extends Contract {
    @Override
    Executor newLoop(Consumer<Runnable> atTheEnd) {
      ExecutorService executor = Executors.newSingleThreadExecutor();
      atTheEnd.accept(executor::shutdown);
      return executor;
    }
  }

  @Nested
  class Netty extends Contract {
    @Override
    Executor newLoop(Consumer<Runnable> atTheEnd) {
      EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
      atTheEnd.accept(() -> group.shutdownGracefully(0, 0, TimeUnit.SECONDS));
      return group.next();
    }
  }

  @Nested
  class Agrona extends Contract {
    @Override
    Executor newLoop(Consumer<Runnable> atTheEnd) {
      FiberAgent agent = new FiberAgent("contract");
      AgentRunner runner =
          new AgentRunner(
              new BackoffIdleStrategy(), thrown -> new AssertionError(thrown), null, agent);
      AgentRunner.startOnThread(runner);
      atTheEnd.accept(runner::close);
      return agent;
    }
  }
}
