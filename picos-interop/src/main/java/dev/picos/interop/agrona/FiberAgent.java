package dev.picos.interop.agrona;

import dev.picos.core.ComputationException;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.agrona.concurrent.Agent;

/**
 * An agent whose duty cycle runs fibers, so that these run where Aeron's users have their work: in
 * the thread of an {@code AgentRunner} or {@code AgentInvoker}, beside other agents, waiting as
 * their {@code IdleStrategy} says.
 *
 * {@snippet :
 * FiberAgent agent = new FiberAgent("orders");
 * AgentRunner runner = new AgentRunner(new BackoffIdleStrategy(), onError, null, agent);
 * AgentRunner.startOnThread(runner);
 * EventLoopScheduler.on(agent).run(() -> takeOrders(channel));
 * }
 *
 * <p>It is the executor of an {@link dev.picos.interop.EventLoopScheduler}, and takes any other
 * task as well. What a task throws goes to the agent's runner, as what any agent throws, and the
 * agent goes on; what the main of a fiber throws does not come here.
 *
 * <p>Before the agent has been started it takes tasks and keeps them. When it is closed, the tasks
 * that are there are run, by the thread that closes it, and further ones are rejected; so fibers go
 * on in the shared pool of domains.
 */
@SuppressWarnings("exports") // of Agent: whoever has an agent has Agrona
public final class FiberAgent implements Agent, Executor {
  // For maintainers.
  //
  // No task is lost at the end: a thread adds its task and then reads isClosed; the agent sets
  // isClosed and then empties the queue. Both accesses are volatile, so at least one of the two
  // sees what the other did. A thread that finds the agent closed takes its task back, which fails
  // if the agent has taken it; the task is run in that case.

  private final String name;
  private final Queue<Task> tasks = new ConcurrentLinkedQueue<>();
  private volatile boolean isClosed;

  /** Makes a task differ from every other one, even of the same object. */
  private static final class Task {
    final Runnable action;

    Task(Runnable action) {
      this.action = action;
    }
  }

  /**
   * Makes an agent.
   *
   * @param name its {@linkplain #roleName role}, which becomes the name of a runner's thread
   */
  public FiberAgent(String name) {
    this.name = Objects.requireNonNull(name, "name");
  }

  /**
   * Hands {@code task} to the agent, from any thread.
   *
   * @throws RejectedExecutionException if the agent has been closed
   */
  @Override
  public void execute(Runnable task) {
    Task added = new Task(Objects.requireNonNull(task, "task"));
    if (!isClosed) {
      tasks.add(added);
      if (!isClosed || !tasks.remove(added)) {
        return;
      }
    }
    throw new RejectedExecutionException(this + " has been closed");
  }

  /**
   * Runs one task, which is that of the fibers or another one. The fibers of a scheduler run for
   * about a millisecond at most, or until none of them is ready.
   *
   * @return 1 if there was a task, and 0 if the agent may idle
   */
  @Override
  public int doWork() {
    Task task = tasks.poll();
    if (task == null) {
      return 0;
    }
    task.action.run();
    return 1;
  }

  /** Takes no more tasks, and runs those that are there. What one of them throws is thrown last. */
  @Override
  public void onClose() {
    isClosed = true;
    Throwable thrown = null;
    for (Task task = tasks.poll(); task != null; task = tasks.poll()) {
      try {
        task.action.run();
      } catch (Throwable byTask) {
        if (thrown != null && thrown != byTask) {
          byTask.addSuppressed(thrown);
        }
        thrown = byTask;
      }
    }
    if (thrown != null) {
      throw ComputationException.unchecked(thrown); // no task throws a checked exception
    }
  }

  @Override
  public String roleName() {
    return name;
  }

  /** Names the role. */
  @Override
  public String toString() {
    return "agent " + name;
  }
}
