package dev.picos.core;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What {@link FullHeapTest} runs in JVMs of its own: completes computations in a full heap. */
final class FullHeapProgram {
  private static final int MANY = 20_000;
  private static final int LONG = 20;

  /** What fills the heap. */
  private static Object filler;

  private static final class Link {
    final Object next;

    Link(Object next) {
      this.next = next;
    }
  }

  private FullHeapProgram() {}

  public static void main(String[] arguments) {
    switch (System.getProperty("picos.program")) {
      case "many-fifo" -> many(Computation.Mode.FIFO);
      case "many-lifo" -> many(Computation.Mode.LIFO);
      case "chain" -> chain();
      case "transaction" -> transaction();
      case "throwing" -> throwing();
      case "detach" -> detach();
      default -> throw new IllegalArgumentException();
    }
  }

  /** Fills the heap down to the smallest object. */
  private static void fill() {
    for (int size = 1 << 18; size > 0; ) {
      try {
        Object[] more = new Object[size];
        more[0] = filler;
        filler = more;
      } catch (OutOfMemoryError full) {
        size >>= 1;
      }
    }
    try {
      for (; ; ) {
        filler = new Link(filler);
      }
    } catch (OutOfMemoryError full) {
      // as was wanted
    }
  }

  private static List<Trigger> attach(Computation<?> computation, int count) {
    List<Trigger> triggers = Stream.generate(Trigger::new).limit(count).toList();
    for (Trigger trigger : triggers) {
      if (!computation.tryAttach(trigger)) {
        throw new AssertionError();
      }
    }
    return triggers;
  }

  private static long signaled(List<Trigger> triggers) {
    return triggers.stream().filter(Trigger::isSignaled).count();
  }

  /** Loads and links what will be needed, which takes memory. */
  private static void warmUp(Computation.Mode mode) {
    Computation<Object> first = new Computation<>(mode);
    attach(first, 2);
    Computation.attachCanceler(first, new Computation<>(mode));
    attach(first, 2);
    first.tryCancel(new RuntimeException("warm"));
    new Computation<>(mode).tryReturn(null);
    Transaction transaction = new Transaction();
    if (!transaction.tryReturn(new Computation<>(mode), null) || !transaction.tryCommit()) {
      throw new AssertionError();
    }
  }

  private static void many(Computation.Mode mode) {
    warmUp(mode);
    Computation<Object> computation = new Computation<>(mode);
    List<Trigger> triggers = attach(computation, MANY);
    boolean returned;
    fill();
    try {
      returned = computation.tryReturn(null);
    } finally {
      filler = null;
    }
    System.out.println(returned + ", " + signaled(triggers) + " signaled");
  }

  /** Each computation of a chain has more to signal after its canceler. */
  private static void chain() {
    warmUp(Computation.Mode.FIFO);
    List<Computation<Object>> chain =
        Stream.generate(() -> new Computation<>()).limit(LONG).toList();
    List<Trigger> triggers = new ArrayList<>();
    for (int i = 0; i < LONG; i++) {
      triggers.addAll(attach(chain.get(i), 1));
      if (i < LONG - 1) {
        Computation.attachCanceler(chain.get(i), chain.get(i + 1));
      }
      triggers.addAll(attach(chain.get(i), 1));
    }
    Computation<Object> from = new Computation<>();
    from.tryCancel(new RuntimeException("reason"));
    Trigger canceler = Computation.canceler(from, chain.getFirst());
    fill();
    try {
      canceler.signal();
    } finally {
      filler = null;
    }
    long canceled = chain.stream().filter(Computation::isCanceled).count();
    System.out.println(canceled + " canceled, " + signaled(triggers) + " signaled");
  }

  /** To detach takes a new bag, or the trigger keeps its place. */
  private static void detach() {
    warmUp(Computation.Mode.FIFO);
    Computation<Object> computation = new Computation<>();
    List<Trigger> triggers = attach(computation, MANY);
    computation.detach(triggers.getFirst());
    fill();
    try {
      for (int i = 1; i < LONG; i++) {
        computation.detach(triggers.get(i));
      }
    } finally {
      filler = null;
    }
    int attached = computation.attachedCount();
    boolean returned = computation.tryReturn(null);
    System.out.println(attached + ", " + returned + ", " + signaled(triggers) + " signaled");
  }

  private static void transaction() {
    warmUp(Computation.Mode.FIFO);
    Computation<Object> one = new Computation<>();
    Computation<Object> other = new Computation<>();
    List<Trigger> triggers = new ArrayList<>(attach(one, MANY));
    triggers.addAll(attach(other, MANY));
    Transaction transaction = new Transaction();
    if (!transaction.tryReturn(one, null) || !transaction.tryReturn(other, null)) {
      throw new AssertionError();
    }
    boolean committed;
    fill();
    try {
      committed = transaction.tryCommit();
    } finally {
      filler = null;
    }
    System.out.println(committed + ", " + signaled(triggers) + " signaled");
  }

  /** Actions that throw, and no memory to keep what more than one of them throws. */
  private static void throwing() {
    warmUp(Computation.Mode.FIFO);
    Computation<Object> computation = new Computation<>();
    IllegalStateException first = new IllegalStateException("first");
    IllegalStateException second = new IllegalStateException("second");
    Trigger.Action<IllegalStateException, Object> action =
        (trigger, thrown, nothing) -> {
          throw thrown;
        };
    if (!computation.tryAttach(Trigger.fromAction(first, null, action))
        || !computation.tryAttach(Trigger.fromAction(second, null, action))) {
      throw new AssertionError();
    }
    List<Trigger> triggers = attach(computation, MANY);
    boolean thrown = false;
    fill();
    try {
      computation.tryReturn(null);
    } catch (IllegalStateException expected) {
      thrown = true;
    } finally {
      filler = null;
    }
    System.out.println(thrown + ", " + signaled(triggers) + " signaled");
  }
}
