package dev.picos.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An independent thread of execution, and what it carries: the {@link Computation} that cancels it,
 * whether cancelation reaches it at present, and its {@linkplain FiberLocal locals}.
 *
 * <p>A fiber <em>is canceled</em> when its computation is canceled and it does not {@linkplain
 * #runForbiddingCancelation forbid} cancelation. Cancelation is delivered by the operations that
 * say so, and nowhere else: {@link #yield}, {@link #sleep}, {@link #spawn}, {@link #check}, {@link
 * Trigger#await} (as a result), {@link Computation#await}, {@link Computation#join} and {@link
 * Computation#cancelAfter}.
 *
 * {@snippet :
 * Computation<Integer> promise = new Computation<>();
 * Fiber fiber = new Fiber(promise);
 * Fiber.spawn(fiber, self -> promise.tryCapture(() -> compute()));
 * promise.tryCancel(new TimeoutException()); // asks the fiber to stop at its next such operation
 * }
 *
 * <p>This class promises neither which fiber runs next nor on which carrier thread it runs; the
 * scheduler decides both, and may decide anew after any operation. Interrupts are not cancelation:
 * they end no operation of this package, and stay for the next JDK call that looks at them, unless
 * the fiber {@linkplain #exchangeCanceledByInterrupt asks} for them to be turned into one.
 *
 * <p>A fiber belongs to itself. Others may use only its identity and its {@link #computation}, with
 * two exceptions: its scheduler while that handles one of the fiber's operations, and its creator
 * before the fiber is spawned.
 */
public final class Fiber {
  private static final Exception SLEPT =
      new Exception("slept long enough", null, false, false) {
        private static final long serialVersionUID = 1L;
      };

  private static final VarHandle COMPUTATION;

  static {
    try {
      COMPUTATION =
          MethodHandles.lookup().findVarHandle(Fiber.class, "computation", Computation.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Written by the fiber itself, or by its creator before it is spawned; spawning publishes. While
  // the fiber is suspended its scheduler may read them in other threads, and resuming it orders
  // those reads before what the fiber does next. So all of these are plain.
  //
  // But anyone may ask for the computation at any time. So the fiber writes it with a release, and
  // others read it with an acquire. Otherwise they might see a computation that has just been made,
  // but not yet the state that it was made with, and an attempt to cancel it would seem too late.
  private Computation<?> computation;
  private boolean forbid;
  private boolean spawned;
  @Nullable Object @Nullable [] locals;

  /**
   * Makes a fiber that is to be spawned once, has no locals, and permits cancelation at first.
   *
   * @param computation what cancels the fiber
   */
  public Fiber(Computation<?> computation) {
    this(computation, false);
  }

  /**
   * Makes a fiber that is to be spawned once and has no locals.
   *
   * @param computation what cancels the fiber
   * @param forbid whether it starts with cancelation forbidden
   */
  public Fiber(Computation<?> computation, boolean forbid) {
    this.computation = Objects.requireNonNull(computation, "computation");
    this.forbid = forbid;
  }

  /** Returns the calling fiber, always the same object. Never throws. */
  public static Fiber current() {
    return Handlers.current().current();
  }

  /**
   * Lets other fibers that are ready run first. If the calling fiber is canceled before it
   * continues, this throws its reason.
   */
  public static void yield() {
    Handlers.current().yield();
  }

  /**
   * Suspends the calling fiber for at least {@code duration}, as measured by a monotonic clock. If
   * the fiber is canceled before or while it sleeps, this throws its reason and leaves no timeout
   * behind.
   *
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public static void sleep(Duration duration) {
    Computation<@Nullable Void> alarm = new Computation<>(Computation.Mode.LIFO);
    alarm.cancelAfter(duration, SLEPT);
    try {
      alarm.join();
    } finally {
      alarm.tryReturn(null);
    }
  }

  /**
   * Starts {@code main} as {@code fiber}.
   *
   * <p>All or nothing: a calling fiber that is canceled throws its reason and nothing is started;
   * after a normal return {@code main} will be called, even if {@code fiber} itself is canceled
   * before it starts. What the caller did before happens before {@code main}.
   *
   * <p>{@code main} must not throw: an exception that leaves it is a fatal error that stops the
   * scheduler, see {@link FatalFiberError}. Have it complete a computation instead, with {@link
   * Computation#tryCapture}.
   *
   * @throws IllegalStateException if {@code fiber} has been spawned before
   */
  public static void spawn(Fiber fiber, Consumer<? super Fiber> main) {
    Handler here = Handlers.current();
    spawn(here, here, fiber, main);
  }

  /**
   * Starts {@code main} as {@code fiber} in the run that {@code home} belongs to. If the caller
   * belongs to that run as well, this is a {@link #spawn}; otherwise {@code fiber} is handed over
   * to the scheduler of {@code home}. So a scope can keep its children where it runs itself, even
   * if it is called from plain threads and from fibers of other schedulers: the children run in
   * that scheduler's order, and the run waits for them.
   *
   * <p>The caller guarantees that the fiber which got {@code home} from {@link
   * Handler#ofCurrentThread} does not end before this returns; that fiber may be suspended. If it
   * ends earlier, what happens is not defined.
   *
   * <p>All or nothing, as with {@link #spawn}: a <em>calling</em> fiber that is canceled throws its
   * reason and nothing is started, and every plain thread is a fiber. Fibers that one thread hands
   * over become ready in the order of its calls. If the run has {@linkplain FatalFiberError
   * failed}, {@code fiber} is left behind like the others of the run, and {@code main} is not
   * called.
   *
   * @throws IllegalStateException if {@code fiber} has been spawned before
   * @throws UnsupportedOperationException if the scheduler of {@code home} takes no fibers from
   *     outside of its runs; nothing is started then
   */
  public static void spawnIn(Handler home, Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(home, "home");
    spawn(Handlers.current(), home, fiber, main);
  }

  private static void spawn(Handler here, Handler home, Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(main, "main");
    if (fiber.spawned) {
      throw new IllegalStateException("already spawned: a fiber is started once");
    }
    fiber.spawned = true;
    try {
      if (here == home || here.isOfSameRun(home)) {
        here.spawn(fiber, main);
      } else {
        here.current().check();
        home.spawnFromOutside(fiber, main);
      }
    } catch (Throwable refused) {
      fiber.spawned = false;
      throw refused;
    }
  }

  /**
   * Returns a random number from 0 to {@code bound - 1}, each as likely as the others. This is for
   * libraries that have to choose between equals: with a scheduler whose runs can be repeated, they
   * make the same choice again. The numbers can be guessed, so they are unfit for secrets. Never
   * suspends, and works in a canceled fiber.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public static int random(int bound) {
    return Handlers.current().random(bound);
  }

  /** Returns the computation that this fiber is associated with at present. */
  public Computation<?> computation() {
    return (Computation<?>) COMPUTATION.getAcquire(this);
  }

  /** Associates this fiber with {@code computation} from now on. Only the fiber calls this. */
  public void setComputation(Computation<?> computation) {
    COMPUTATION.setRelease(
        this, (Computation<?>) Objects.requireNonNull(computation, "computation"));
  }

  /** Returns whether this fiber forbids cancelation at present. */
  public boolean forbidsCancelation() {
    return forbid;
  }

  /** Sets whether this fiber forbids cancelation, and returns whether it did. */
  public boolean exchangeForbidCancelation(boolean forbid) {
    boolean before = this.forbid;
    this.forbid = forbid;
    return before;
  }

  /** Sets whether this fiber forbids cancelation. */
  public void setForbidCancelation(boolean forbid) {
    this.forbid = forbid;
  }

  /**
   * Runs {@code block} with cancelation forbidden, and then restores what was set before. Only the
   * fiber itself calls this. It is not counted how often cancelation is forbidden: {@link
   * #runPermittingCancelation} inside {@code block} permits it.
   */
  public <E extends Exception> void runForbiddingCancelation(Block<E> block) throws E {
    with(true, block);
  }

  /**
   * Calls {@code body} as {@link #runForbiddingCancelation} runs a block, and returns its value.
   */
  public <T extends @Nullable Object, E extends Exception> T callForbiddingCancelation(
      Body<? extends T, E> body) throws E {
    return with(true, body);
  }

  /**
   * Runs {@code block} with cancelation permitted, and then restores what was set before. Only the
   * fiber itself calls this.
   */
  public <E extends Exception> void runPermittingCancelation(Block<E> block) throws E {
    with(false, block);
  }

  /**
   * Calls {@code body} as {@link #runPermittingCancelation} runs a block, and returns its value.
   */
  public <T extends @Nullable Object, E extends Exception> T callPermittingCancelation(
      Body<? extends T, E> body) throws E {
    return with(false, body);
  }

  private <T extends @Nullable Object, E extends Exception> T with(
      boolean forbidden, Body<? extends T, E> body) throws E {
    boolean before = exchangeForbidCancelation(forbidden);
    try {
      return body.run();
    } finally {
      forbid = before;
    }
  }

  private <E extends Exception> void with(boolean forbidden, Block<E> block) throws E {
    boolean before = exchangeForbidCancelation(forbidden);
    try {
      block.run();
    } finally {
      forbid = before;
    }
  }

  /**
   * Chooses a computation that is canceled, with an {@link InterruptedException}, when an interrupt
   * finds this fiber suspended in an await; the interrupt is used up by that. With {@code null},
   * which is the default, interrupts cancel nothing. Only the fiber itself calls this.
   *
   * @return what was chosen before
   */
  public @Nullable Computation<?> exchangeCanceledByInterrupt(
      @Nullable Computation<?> computation) {
    return Suspension.exchangeCanceledByInterrupt(this, computation);
  }

  /** Returns whether this fiber is canceled; {@code false} while it forbids cancelation. */
  public boolean isCanceled() {
    return !forbid && computation.isCanceled();
  }

  /**
   * Returns the reason that this fiber is canceled with, or {@code null} if it is not canceled or
   * forbids cancelation.
   */
  public @Nullable Throwable cancelReason() {
    return forbid ? null : computation.cancelReason();
  }

  /** Throws the reason if this fiber is canceled; does nothing while it forbids cancelation. */
  public void check() {
    if (!forbid) {
      computation.check();
    }
  }

  /** Names the fiber, and what it is canceled with if its computation is canceled, for people. */
  @Override
  public String toString() {
    Throwable reason = computation().cancelReason();
    String name = Integer.toHexString(System.identityHashCode(this));
    return "Fiber[" + name + (reason == null ? "" : ", canceled with " + reason) + "]";
  }
}
