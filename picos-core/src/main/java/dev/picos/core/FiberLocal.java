package dev.picos.core;

import java.util.Arrays;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A key under which each fiber may hold a value of its own.
 *
 * <p>Values are not inherited: whoever creates a fiber may set them before it is spawned. A fiber's
 * values may be accessed only by the fiber itself, or by others while it is known not to run. Every
 * operation takes constant time. A fiber has a slot for each key up to the newest one that it uses.
 *
 * <p>Keys are never reclaimed, so a {@code FiberLocal} belongs in a {@code static final} field.
 *
 * @param <T> the type of the values; {@code null} may be one and differs from "not set"
 */
public final class FiberLocal<T extends @Nullable Object> {
  private static final AtomicInteger NEXT = new AtomicInteger();

  // An empty slot is null, so a value that is null is stored as this.
  private static final Object NULL = new Object();

  private final int index = NEXT.getAndIncrement();

  /** Makes a key that is set in no fiber. */
  public FiberLocal() {}

  /**
   * Returns the value that {@code fiber} holds.
   *
   * @throws NoSuchElementException if it holds none
   */
  public T get(Fiber fiber) {
    Object slot = slot(fiber);
    if (slot == null) {
      throw new NoSuchElementException("not set in this fiber");
    }
    return unmask(slot);
  }

  /** Returns whether {@code fiber} holds a value. */
  public boolean isSet(Fiber fiber) {
    return slot(fiber) != null;
  }

  /** Returns the value that {@code fiber} holds, or {@code value} when it holds none. */
  public T getOrDefault(Fiber fiber, T value) {
    Object slot = slot(fiber);
    return slot == null ? value : unmask(slot);
  }

  /** Makes {@code fiber} hold {@code value}. */
  public void set(Fiber fiber, T value) {
    reserved(fiber)[index] = value == null ? NULL : value;
  }

  /** Makes {@code fiber} hold no value. */
  public void remove(Fiber fiber) {
    @Nullable Object[] locals = fiber.locals;
    if (locals != null && index < locals.length) {
      locals[index] = null;
    }
  }

  /**
   * Makes room in {@code fiber}, so that a later {@link #set} allocates nothing and cannot fail.
   * This sets no value.
   */
  public void reserve(Fiber fiber) {
    reserved(fiber);
  }

  private @Nullable Object slot(Fiber fiber) {
    @Nullable Object[] locals = fiber.locals;
    return locals == null || index >= locals.length ? null : locals[index];
  }

  private @Nullable Object[] reserved(Fiber fiber) {
    @Nullable Object[] locals = fiber.locals;
    if (locals == null) {
      locals = new @Nullable Object[capacity()];
    } else if (index >= locals.length) {
      locals = Arrays.copyOf(locals, capacity());
    } else {
      return locals;
    }
    fiber.locals = locals;
    return locals;
  }

  /** The least power of two above the index. */
  private int capacity() {
    return Math.max(2, Integer.highestOneBit(index) << 1);
  }

  // The slot was filled by set() with a T, and NULL stands for a null that T allows.
  @SuppressWarnings({"unchecked", "NullAway"})
  private T unmask(Object slot) {
    return slot == NULL ? null : (T) slot;
  }
}
