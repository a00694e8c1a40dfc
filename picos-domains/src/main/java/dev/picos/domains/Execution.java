package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One run of a scheduler: starts, suspends and resumes fibers, as virtual threads, in the order of
 * a {@link Policy}, on one domain at a time.
 *
 * {@snippet :
 * public void run(Fiber fiber, Consumer<? super Fiber> main) {
 *   new Execution(new MyPolicy()).run(fiber, main);
 * }
 * }
 *
 * <p>A fiber has a true {@link Thread#currentThread}, thread locals, stack traces and interrupt
 * status of its own, and a JDK lock or blocking call that it makes parks the fiber and not the
 * domain. Several fibers one after another may have the same {@code Thread}, which is cleared of
 * what each has left behind, unless {@linkplain #freshThreads asked for} otherwise. A fiber that
 * ends owning a JDK lock leaves it owned.
 *
 * <p>Before JDK 24 a fiber that awaits, parks or blocks inside {@code synchronized} keeps its
 * domain from running other fibers until it continues.
 *
 * <p>Virtual threads that a fiber starts itself run on the JDK's own scheduler, and may outlive the
 * run.
 */
public final class Execution {
  // For maintainers.
  //
  // All slices of all fibers of an execution, and its loop, run in the thread of one domain (see
  // Host), so alive is a plain field. When the execution moves to another domain, handing over
  // orders everything.
  //
  // No wake-up is lost. A domain that finds nothing to run sets sleeper and then evaluates its
  // condition; whoever makes a fiber ready, or stops the execution, does that and then reads
  // sleeper. These are volatile accesses, or have a full fence between them, so one of the two sees
  // what the other did. (Picos, fifo: needs_wakeup.)
  //
  // It ends when no fiber is alive, or with the first exception that escapes from a fiber. Fibers
  // that are alive after that are never run again: what becomes ready is dropped, and hence stays
  // suspended.

  private final Policy policy;
  private final AtomicReference<@Nullable Throwable> escaped = new AtomicReference<>();
  private final Computation<@Nullable Void> end = new Computation<>();
  private final DomainTask loop = new Loop();
  private @Nullable Timer timer;
  private @Nullable ClassLoader loader;
  private boolean freshThreads;
  private volatile boolean stopped;
  private volatile @Nullable Domain sleeper;
  private long alive;

  /**
   * Prepares an execution under {@code policy}, which serves no other.
   *
   * @throws MissingFlagException if the JVM was not started with the flag that this needs
   */
  public Execution(Policy policy) {
    checkSupported();
    this.policy = Objects.requireNonNull(policy, "policy");
  }

  /**
   * Finds out early, such as when a scheduler is built, whether an execution is possible.
   *
   * @throws MissingFlagException if the JVM was not started with the flag that this needs
   */
  public static void checkSupported() {
    VirtualThreads.get();
    HostLookup.ensureRegistered();
  }

  /** Chooses the clock for timeouts; real time when nobody chooses. */
  public Execution timer(Timer timer) {
    this.timer = Objects.requireNonNull(timer, "timer");
    return this;
  }

  /**
   * Chooses whether every fiber gets a {@code Thread} of its own, for those who need its identity.
   */
  public Execution freshThreads(boolean freshThreads) {
    this.freshThreads = freshThreads;
    return this;
  }

  /**
   * Runs {@code main} as {@code fiber}, and returns when it and every fiber that it spawned have
   * ended. May be called once, from any thread or fiber; the caller is suspended meanwhile and
   * nothing runs on its stack.
   *
   * @throws FatalFiberError if an exception leaves the {@code main} of any fiber
   * @throws IllegalStateException if it was called before
   */
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    if (alive != 0 || stopped) {
      throw new IllegalStateException("an execution runs once");
    }
    loader = Thread.currentThread().getContextClassLoader();
    alive = 1;
    policy.ready(new Start(fiber, main), false, null);
    Domains.shared().spawn(loop);
    Fiber.current().forbid(end::join);
    end.check();
  }

  /** What a domain does for this execution. */
  private final class Loop implements DomainTask {
    @Override
    public void run(Domain here) {
      loop(here);
    }

    @Override
    public String toString() {
      return policy.toString();
    }
  }

  private void loop(Domain here) {
    try {
      while (!stopped) {
        if (here.isRecalled()) {
          Domains.shared().spawn(loop); // and leave: another domain may be at it already
          return;
        }
        Ready next = policy.next();
        if (next != null) {
          here.hosts.run(next, this);
        } else if (alive == 0) {
          stopped = true;
        } else {
          idle(here);
        }
      }
    } catch (Throwable thrown) {
      fail(thrown);
    }
    end();
  }

  private void idle(Domain here) {
    sleeper = here;
    here.idle(() -> !policy.isEmpty() || stopped || here.isRecalled());
    sleeper = null;
  }

  private void wakeup() {
    // A queue may publish with an ordered store only, as those of JCTools do when they grow.
    VarHandle.fullFence();
    Domain asleep = sleeper;
    if (asleep != null) {
      asleep.wakeup();
    }
  }

  private void end() {
    Throwable cause = escaped.get();
    if (cause == null) {
      end.tryReturn(null);
    } else {
      end.tryCancel(new FatalFiberError(cause, alive));
    }
  }

  /** Stops this execution because of what escaped from a fiber, or from the policy. */
  void fail(Throwable thrown) {
    Throwable earlier = escaped.compareAndExchange(null, thrown);
    if (earlier != null && earlier != thrown) {
      earlier.addSuppressed(thrown);
    }
    stopped = true;
    wakeup();
  }

  /**
   * A fiber is ready. Called by the JVM, in any thread, so it must not throw.
   *
   * @param here the domain that runs the caller, if one does
   */
  void ready(Ready fiber, boolean first, @Nullable Domain here) {
    boolean ours = here != null && here.hosts.areRunning(this);
    while (!stopped) {
      try {
        policy.ready(fiber, first, ours ? here : null);
        if (!ours) {
          wakeup();
        }
        return;
      } catch (OutOfMemoryError e) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10)); // nobody else will try again
      } catch (Throwable defect) {
        fail(defect);
      }
    }
  }

  void spawn(Fiber fiber, Consumer<? super Fiber> main, Domain here) {
    try {
      policy.ready(new Start(fiber, main), false, here);
      alive++;
    } catch (OutOfMemoryError e) {
      throw e; // the fiber has not been started, and that is all
    } catch (Throwable defect) {
      fail(defect);
    }
  }

  void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    Timer chosen = timer == null ? WheelTimer.shared() : timer;
    chosen.cancelAfter(computation, delay, reason);
  }

  boolean spend() {
    try {
      return policy.spend();
    } catch (Throwable defect) {
      fail(defect);
      return true;
    }
  }

  /** Whether a fiber that yields on {@code here} may as well go on. */
  boolean mayContinue(Domain here) {
    try {
      return policy.isEmpty() && !stopped && !here.isRecalled();
    } catch (Throwable defect) {
      fail(defect);
      return false;
    }
  }

  /** What runs after a fiber that has ended; {@code null} if the domain has to decide. */
  @Nullable Ready nextAfter(Domain here) {
    if (freshThreads || stopped || here.isRecalled()) {
      return null;
    }
    try {
      return policy.next();
    } catch (Throwable defect) {
      fail(defect);
      return null;
    }
  }

  boolean reusesHosts() {
    return !freshThreads;
  }

  /** The context class loader for fibers: that of whoever called {@link #run}. */
  @Nullable ClassLoader loader() {
    return loader;
  }

  /** A fiber has ended. */
  void ended() {
    alive--;
  }
}
