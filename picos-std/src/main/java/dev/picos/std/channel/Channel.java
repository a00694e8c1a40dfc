package dev.picos.std.channel;

import dev.picos.core.BlockWith;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.std.event.Event;
import dev.picos.std.event.Offer;
import dev.picos.std.event.Request;
import dev.picos.std.internal.Deadline;
import dev.picos.std.internal.Failures;
import dev.picos.std.structured.Bundle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Passes items from fibers that send to fibers that receive.
 *
 * {@snippet :
 * Channel<Job> jobs = Channel.buffered(16);
 * Bundle.run(bundle -> {
 *   bundle.fork(() -> {
 *     for (Job job : jobs) { // until the channel is closed and nothing is left in it
 *       run(job);
 *     }
 *   });
 *   for (Path file : files) {
 *     jobs.send(read(file));
 *   }
 *   jobs.close();
 * });
 * }
 *
 * <p>A {@linkplain #rendezvous rendezvous} channel holds nothing: to send is to meet a fiber that
 * receives. A {@linkplain #buffered buffered} one takes the given number of items ahead before
 * senders wait, an {@linkplain #unbounded unbounded} one any number. Any fiber or thread may use
 * either end. Each item is received once, or discarded. {@code null} may be an item.
 *
 * <p>Fair: items are received in the order in which they were sent. Fibers that wait, in an
 * operation or in a {@code select}, are served in the order in which they came: an item, or a free
 * place in the buffer, is handed directly to the first of them.
 *
 * <p><b>Two ends.</b> A channel is a {@link Sink} for senders and a {@link Source} for receivers,
 * and can be handed out as one of them alone. Senders call {@link #close}. After that, all senders,
 * including those that wait, throw {@link ChannelClosedException}, while receivers get what is left
 * in the buffer and then throw it, too. Receivers call {@link #cancel}, which closes the channel
 * and discards what is left.
 *
 * <p><b>Discarding.</b> A buffer that is full may also {@linkplain Overflow drop} the oldest item
 * or the latest, so that senders never wait. Each item that is dropped, or left when the channel is
 * canceled, goes once to the callback that the channel was made with, if there is one. The callback
 * runs in the fiber whose operation discards the item, with cancelation forbidden. If it throws,
 * the operation, which has taken effect by then, throws the same, a checked exception inside a
 * {@link ComputationException}. An item that is not sent because the sender is canceled, runs out
 * of time or finds the channel closed is not discarded: it remains the sender's.
 *
 * <p><b>Events.</b> {@link #sendEvent} and {@link #receiveEvent} are the same operations as values
 * that can be combined with others: one {@code select} may offer to send on one channel, to receive
 * from another and to time out, and exactly one of these happens. A fiber never meets itself: if
 * one synchronization offers both to send and to receive on the same channel, only other fibers can
 * accept these offers.
 *
 * <p>What a fiber does before it sends an item happens before what the receiver does after it has
 * received the item.
 *
 * <p>Progress: everything but the waiting is lock-free, except that a meeting of two fibers that
 * both have other alternatives is obstruction-free, with back-off. Space: 24 bytes for each item in
 * the buffer, and some 50 bytes for each fiber that waits. Waits that were given up, or lost in a
 * {@code select}, are cleaned up in amortised constant time, and no more of them are kept than
 * there are others (and sixteen).
 *
 * @param <T> the type of the items
 */
public final class Channel<T extends @Nullable Object> implements Source<T>, Sink<T> {
  // For maintainers.
  //
  // A channel is one list of nodes (see NodeList and Node), as in the dual queues of Scherer and
  // Scott. Senders and receivers are both appended at the end. An operation that finds a partner in
  // the list takes no place.
  //
  // Invariants:
  //   1 No two live nodes are on different sides, unless they are offers of one synchronization.
  //   2 No sender waits in front of an item in the buffer.
  //
  // Invariant 1. A thread that wants a place first reads which node is the last. Then it searches
  // for a partner from the head on. Finally it appends its own node with a compare-and-set on that
  // last node, which fails if another node has been appended meanwhile. The search need not look at
  // all nodes:
  //
  // Claim: no node up to the last one is a partner if the search has found, on its own side and not
  // counting offers of its own synchronization,
  //   a either a live node K that is not an offer that waits,
  //   b or two offers that wait, K and then L, of different synchronizations.
  // Proof:
  //   1 K was live at some time after the last node was read. By invariant 1, all nodes of the
  //     other side that were live at that time belong to the same synchronization as K.
  //   2 A dead node never becomes live again. So this holds at all later times for the nodes up to
  //     the last one.
  //   3 In case a, K belongs to no synchronization. So there is no live node of the other side.
  //   4 In case b, what holds for K holds for L. So a live node of the other side would belong to
  //     the synchronizations of both, which differ. So there is none.
  //
  // Capacity. `room` is the number of items that the buffer can still take. A sender that finds 0
  // waits. When an item is taken from the buffer, its room goes to the first sender that waits,
  // whose item becomes one of the buffer. Only if no sender waits is the room added to `room`. A
  // sender that has begun to wait meanwhile looks at `room` again after it has got its place; so
  // one of the two sees the other. `crowded` spares the search for senders where none has ever
  // waited. A sender sets it after it has got its place and before it looks at `room`. A thread
  // that clears it searches once more afterwards. `firstWaiting` is a node before which no sender
  // waits.
  //
  // Invariant 2. Claim: items come into the buffer in the order of the list. Proof:
  //   1 A free place in the buffer goes to the first sender that waits.
  //   2 A sender that comes and takes a free place reads which node is the last, and then looks for
  //     senders that wait. If there are any, it gives the place to the first of them.
  //   3 If there are none, a sender that begins to wait does so behind that last node. Then the
  //     compare-and-set that was to append the item fails.
  //
  // Dropping the oldest. Here `room` is not limited. Instead, items have numbers, each one more
  // than that of the item in front of it. A thread that has sent an item drops those items in the
  // buffer whose numbers are less than its own by the capacity or more. Since items leave the
  // buffer in their order, these are the ones that are too many.
  //
  // The numbers begin anew behind the node of a receiver. Nevertheless, the numbers of two items
  // that were in the buffer at the same time can be compared, since there was no receiver between
  // them then. So a sender first sees that the other item is in the buffer, and then that its own
  // still is. If its own has left, those in front of it have left, too.
  //
  // A receiver may take an item although younger ones make it one too many. This receive linearizes
  // before the sends of the younger ones, which have not returned yet.
  //
  // A fiber that waits until the channel is closed and drained waits for `drained`. Either the
  // thread that has closed the channel completes it, or the one that has taken the last item. Each
  // of the two first does its own part, and then looks whether the other has done its part.
  //
  // Ordering: all accesses are volatile, since several of the arguments above have the form "one of
  // the two sees the other". On x86 this costs nothing beyond the compare-and-sets.
  //
  // Differences from the original: the original is a sketch of rendezvous channels only. Its queue
  // is one immutable value, each meeting of an event takes a transaction, and dead offers stay in
  // place.

  private static final VarHandle FIRST_WAITING;
  private static final VarHandle ROOM;
  private static final VarHandle CROWDED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      FIRST_WAITING = lookup.findVarHandle(Channel.class, "firstWaiting", Node.class);
      ROOM = lookup.findVarHandle(Channel.class, "room", int.class);
      CROWDED = lookup.findVarHandle(Channel.class, "crowded", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int UNBOUNDED = -1;

  /** What place at the end is wanted if there is no partner. */
  private enum Place {
    NONE,
    IN_BUFFER,
    TO_WAIT
  }

  private final int capacity;

  /**
   * The most items in the buffer where the oldest are dropped; elsewhere the same as {@code
   * capacity}.
   */
  private final int limit;

  private final Overflow overflow;
  private final BlockWith<? super T, ?> onDiscard;
  private final NodeList<T> list = new NodeList<>();
  private final Event<T> receiveEvent = Event.fromRequest(new Receive());
  private final Computation<@Nullable Void> closing = new Computation<>();
  private final Computation<@Nullable Void> drained = new Computation<>();

  @SuppressWarnings("unused") // through FIRST_WAITING
  private volatile Node<T> firstWaiting;

  @SuppressWarnings("unused") // through ROOM
  private volatile int room;

  @SuppressWarnings("unused") // through CROWDED
  private volatile boolean crowded;

  private Channel(int capacity, Overflow overflow, BlockWith<? super T, ?> onDiscard) {
    this.capacity = overflow == Overflow.DROP_OLDEST ? UNBOUNDED : capacity;
    this.limit = capacity;
    this.overflow = overflow;
    this.onDiscard = onDiscard;
    this.room = this.capacity;
    firstWaiting = list.head();
  }

  /** Makes a channel without a buffer, where each sender waits for a receiver. */
  public static <T extends @Nullable Object> Channel<T> rendezvous() {
    return new Channel<>(0, Overflow.WAIT, item -> {});
  }

  /**
   * Makes a channel that takes {@code capacity} items ahead of the receivers before senders wait.
   *
   * @throws IllegalArgumentException if {@code capacity} is not positive
   */
  public static <T extends @Nullable Object> Channel<T> buffered(int capacity) {
    return buffered(capacity, Overflow.WAIT);
  }

  /**
   * Makes a channel that takes {@code capacity} items ahead of the receivers. When its buffer is
   * full, senders wait or an item is dropped, as {@code overflow} says.
   *
   * @throws IllegalArgumentException if {@code capacity} is not positive
   */
  public static <T extends @Nullable Object> Channel<T> buffered(int capacity, Overflow overflow) {
    return buffered(capacity, overflow, item -> {});
  }

  /**
   * As {@link #buffered(int, Overflow)}, with a callback for the items that are {@linkplain Channel
   * discarded}.
   *
   * @throws IllegalArgumentException if {@code capacity} is not positive
   */
  public static <T extends @Nullable Object> Channel<T> buffered(
      int capacity, Overflow overflow, BlockWith<? super T, ?> onDiscard) {
    if (capacity <= 0) {
      throw new IllegalArgumentException(
          "capacity must be positive: " + capacity + "; for no buffer there is rendezvous()");
    }
    return new Channel<>(
        capacity,
        Objects.requireNonNull(overflow, "overflow"),
        Objects.requireNonNull(onDiscard, "onDiscard"));
  }

  /** Makes a channel that takes any number of items ahead of the receivers: senders never wait. */
  public static <T extends @Nullable Object> Channel<T> unbounded() {
    return unbounded(item -> {});
  }

  /**
   * As {@link #unbounded()}, with a callback for the items that are {@linkplain Channel discarded}.
   */
  public static <T extends @Nullable Object> Channel<T> unbounded(
      BlockWith<? super T, ?> onDiscard) {
    return new Channel<>(UNBOUNDED, Overflow.WAIT, Objects.requireNonNull(onDiscard, "onDiscard"));
  }

  @Override
  public void send(T item) {
    requireOpen(sendLater(item, null));
  }

  @Override
  public boolean trySend(T item) {
    Node<T> met = send(item, Place.NONE);
    requireOpen(met);
    return met != null;
  }

  @Override
  public boolean trySend(T item, Duration timeout) {
    Deadline.require(timeout);
    Node<T> met = send(item, Place.NONE);
    if (met == null) {
      try (Deadline deadline = new Deadline(timeout)) {
        met = deadline.hasPassed() ? null : sendLater(item, deadline);
      }
    }
    requireOpen(met);
    return met != null;
  }

  @Override
  public T receive() {
    return Node.unmasked(requireItem(Objects.requireNonNull(receiveLater(null))));
  }

  @Override
  public Received<T> receiveOrClosed() {
    Object received = Objects.requireNonNull(receiveLater(null));
    return received instanceof Node.End<?> end
        ? new Received.Closed<>(end.cause)
        : new Received.Item<>(Node.<T>unmasked(received));
  }

  @Override
  public Outcome.@Nullable Returned<T> tryReceive() {
    Object received = receiveNow();
    return received == null ? null : returned(requireItem(received));
  }

  @Override
  public Outcome.@Nullable Returned<T> tryReceive(Duration timeout) {
    Deadline.require(timeout);
    Object received = receiveNow();
    if (received == null) {
      try (Deadline deadline = new Deadline(timeout)) {
        received = deadline.hasPassed() ? null : receiveLater(deadline);
      }
    }
    return received == null ? null : returned(requireItem(received));
  }

  @Override
  public Event<@Nullable Void> sendEvent(T item) {
    return Event.fromRequest(new Send(item)).<@Nullable Void>map(sent -> null);
  }

  @Override
  public Event<T> receiveEvent() {
    return receiveEvent;
  }

  @Override
  public Event<Received<T>> receiveOrClosedEvent() {
    return receiveEvent
        .<Received<T>>map(Received.Item::new)
        .handle(
            failure -> {
              if (failure instanceof ChannelClosedException closed) {
                return new Received.Closed<>(closed.getCause());
              }
              throw failure;
            });
  }

  @Override
  public void close(@Nullable Throwable cause) {
    Node<T> end = new Node.End<>(cause);
    for (Node<T> last = list.last(); !isEnd(last); last = list.last()) {
      boolean unused = list.append(last, end);
    }
  }

  @Override
  public void cancel() {
    Throwable failure = null;
    try {
      close();
    } catch (Throwable thrown) { // by the scheduler of a fiber that waits
      failure = thrown;
    }
    for (Object left = receiveNow(); left != null && !(left instanceof Node.End<?>); ) {
      try {
        discard(Node.unmasked(left));
      } catch (Throwable thrown) {
        failure = Failures.joined(failure, thrown);
      }
      left = receiveNow();
    }
    if (failure != null) {
      throw ComputationException.unchecked(failure);
    }
  }

  @Override
  public boolean isClosed() {
    return isEnd(list.last());
  }

  /**
   * Whether {@code last} is the end. If so, no node in front of it waits any more: each thread that
   * sees that the channel is closed first finishes the closing on behalf of the closer, so that no
   * two operations meet after that.
   */
  private boolean isEnd(Node<T> last) {
    if (!(last instanceof Node.End<T> end)) {
      return false;
    }
    if (closing.isRunning()) {
      Throwable failure = null;
      for (Node<T> node = list.head(); node != end; ) {
        try {
          while (node.word() == Node.WAITING) {
            node.close(end.cause);
          }
        } catch (Throwable thrown) {
          failure = Failures.joined(failure, thrown);
        }
        node = Objects.requireNonNull(list.after(node)); // the end is the last
      }
      list.clean();
      if (failure != null) { // the next to find the end tells those left
        throw ComputationException.unchecked(failure);
      }
      closing.tryReturn(null);
      tellIfDrained();
    }
    return true;
  }

  /**
   * Completes {@code drained} if this channel is. To be called after closing this channel, and
   * after taking an item out of the buffer: the later of the two sees what the other did.
   */
  private void tellIfDrained() {
    if (!closing.isRunning() && drained.isRunning() && isDrained()) {
      drained.tryReturn(null);
    }
  }

  @Override
  public Iterator<T> iterator() {
    return new Iterator<>() {
      private @Nullable Object next;

      @Override
      public boolean hasNext() {
        if (next == null) {
          next = receiveLater(null);
        }
        if (next instanceof Node.End<?> end && end.cause != null) {
          throw new ChannelClosedException(end.cause);
        }
        return !(next instanceof Node.End<?>);
      }

      @Override
      public T next() {
        if (!hasNext()) {
          throw new NoSuchElementException("closed");
        }
        Object item = Objects.requireNonNull(next);
        next = null;
        return Node.unmasked(item);
      }
    };
  }

  @Override
  public Flow.Publisher<T> publisher(Bundle scope, OnEnd onEnd) {
    Objects.requireNonNull(scope, "scope");
    Objects.requireNonNull(onEnd, "onEnd");
    return subscriber ->
        new Delivery<>(this, Objects.requireNonNull(subscriber, "subscriber"), onEnd).start(scope);
  }

  @Override
  public <U extends T> Flow.Subscriber<U> subscriber(Bundle scope, int ahead, OnEnd onEnd) {
    if (ahead <= 0) {
      throw new IllegalArgumentException("ahead must be positive: " + ahead);
    }
    return new Intake<>(
        this,
        Objects.requireNonNull(scope, "scope"),
        ahead,
        Objects.requireNonNull(onEnd, "onEnd"));
  }

  /** Hands {@code item}, which nobody will receive, to the callback. */
  void discard(T item) {
    try {
      Fiber.current().runForbiddingCancelation(() -> onDiscard.run(item));
    } catch (Throwable thrown) {
      throw ComputationException.unchecked(thrown);
    }
  }

  /** Returns an event that is ready when this channel is closed. */
  Event<@Nullable Void> closing() {
    return Event.of(closing);
  }

  /** Returns an event that is ready when this channel is closed and nothing is left in it. */
  Event<@Nullable Void> drained() {
    return Event.of(drained);
  }

  /** Whether this channel is closed and nothing is left in it. */
  boolean isDrained() {
    if (!isClosed()) {
      return false;
    }
    for (Node<T> node = list.head(); node != null; ) {
      if (!node.isDead()) {
        return false;
      }
      node = list.after(node);
    }
    return true;
  }

  /** What this channel was closed with. */
  @Nullable Throwable cause() {
    return list.last() instanceof Node.End<T> end ? end.cause : null;
  }

  private static void requireOpen(@Nullable Node<?> met) {
    if (met instanceof Node.End<?> end) {
      throw new ChannelClosedException(end.cause);
    }
  }

  private static Object requireItem(Object received) {
    if (received instanceof Node.End<?> end) {
      throw new ChannelClosedException(end.cause);
    }
    return received;
  }

  private static <T extends @Nullable Object> Outcome.Returned<T> returned(Object masked) {
    return new Outcome.Returned<>(Node.<T>unmasked(masked));
  }

  /**
   * Sends; returns some node if that was possible, the end if the channel is closed, and otherwise
   * what {@code otherwise} asks for: {@code null}, or a node to wait at.
   */
  private @Nullable Node<T> send(T item, Place otherwise) {
    if (overflow == Overflow.WAIT) {
      return sendOr(otherwise, item);
    }
    Node<T> met = sendOr(Place.NONE, item);
    if (met == null) {
      discard(item);
      return Node.dead();
    }
    if (met instanceof Node.Numbered<T> mine) {
      dropOldest(mine);
    }
    return met;
  }

  /** Drops the items that are too many now that {@code mine} has got a place in the buffer. */
  private void dropOldest(Node.Numbered<T> mine) {
    Throwable failure = null;
    for (Node<T> node = list.head(); node != null && node != mine; ) {
      if (node.word() == Node.BUFFERED && node instanceof Node.Numbered<T> other) {
        if (mine.isDead() || mine.number - other.number < limit) {
          break;
        }
        if (node.decide(Node.BUFFERED, Node.DONE, null, null)) {
          T dropped = Node.unmasked(node.take());
          list.met();
          try {
            discard(dropped);
          } catch (Throwable thrown) {
            failure = Failures.joined(failure, thrown);
          }
        }
      }
      node = list.after(node);
    }
    if (failure != null) {
      throw ComputationException.unchecked(failure);
    }
  }

  private @Nullable Node<T> sendOr(Place otherwise, T item) {
    for (; ; ) {
      boolean hasRoom = takeRoom();
      Node<T> met = meet(true, item, null, hasRoom ? Place.IN_BUFFER : otherwise);
      if (!hasRoom) {
        return met;
      }
      if (met == null) {
        setCrowded(true); // the sender that waits may not have set it yet
      }
      if (met == null || !met.sends() || met instanceof Node.End<T>) {
        giveRoom();
      }
      if (met != null) {
        return met;
      }
    }
  }

  /**
   * Sends, and waits if necessary; returns some node, the end if the channel is closed, or {@code
   * null} when the deadline has passed.
   */
  private @Nullable Node<T> sendLater(T item, @Nullable Deadline deadline) {
    Node<T> met = send(item, Place.TO_WAIT);
    if (!(met instanceof Node.Waiter<T> waiter) || !waiter.sends()) {
      return met;
    }
    lookForRoom();
    Throwable reason = waiter.await(deadline);
    if (waiter.abandon()) {
      gaveUp();
      if (reason != null) {
        throw ComputationException.unchecked(reason);
      }
      return null;
    }
    return waiter.word() == Node.CLOSED ? endOr(reason) : waiter;
  }

  /**
   * Receives without waiting; returns the item, masked, or the end, or {@code null} if there is
   * neither.
   */
  private @Nullable Object receiveNow() {
    Node<T> met = meet(false, null, null, Place.NONE);
    return met == null || met instanceof Node.End<T> ? met : met.take();
  }

  /** As {@link #receiveNow}, but waits; returns {@code null} when the deadline has passed. */
  private @Nullable Object receiveLater(@Nullable Deadline deadline) {
    Node<T> met = Objects.requireNonNull(meet(false, null, null, Place.TO_WAIT));
    if (met instanceof Node.End<T>) {
      return met;
    }
    if (met.sends()) {
      return met.take();
    }
    Node.Waiter<T> waiter = (Node.Waiter<T>) met;
    Throwable reason = waiter.await(deadline);
    if (waiter.abandon()) {
      gaveUp();
      if (reason != null) {
        throw ComputationException.unchecked(reason);
      }
      return null;
    }
    Object received = waiter.word();
    waiter.forget();
    return received == Node.CLOSED ? endOr(reason) : received;
  }

  /**
   * The end, for a fiber that has waited. If {@code reason} says that it is canceled, too, this
   * throws that instead: nothing is lost.
   */
  private Node<T> endOr(@Nullable Throwable reason) {
    if (reason != null) {
      throw ComputationException.unchecked(reason);
    }
    return list.last();
  }

  private final class Send implements Request.Pollable<Object> {
    private final T item;

    Send(T item) {
      this.item = item;
    }

    @Override
    public @Nullable Outcome<Object> poll() {
      Node<T> met;
      try {
        met = send(item, Place.NONE);
      } catch (Throwable thrown) { // by the callback, after the item has been sent
        return new Outcome.Canceled<>(thrown);
      }
      return met == null
          ? null
          : met instanceof Node.End<T> end
              ? new Outcome.Canceled<>(new ChannelClosedException(end.cause))
              : new Outcome.Returned<>(Node.DONE);
    }

    @Override
    public @Nullable Runnable issue(Offer<Object> offer) {
      assert overflow == Overflow.WAIT : "to be polled first: that never fails";
      Node<T> met = meet(true, item, offer, Place.TO_WAIT);
      Runnable withdrawal = withdrawal(true, met, offer);
      if (withdrawal != null) {
        lookForRoom();
      }
      return withdrawal;
    }
  }

  private final class Receive implements Request.Pollable<T> {
    @Override
    public @Nullable Outcome<T> poll() {
      Object received = receiveNow();
      return received == null
          ? null
          : received instanceof Node.End<?> end
              ? new Outcome.Canceled<>(new ChannelClosedException(end.cause))
              : returned(received);
    }

    @Override
    @SuppressWarnings("unchecked") // it is committed with items only
    public @Nullable Runnable issue(Offer<T> offer) {
      Offer<Object> self = (Offer<Object>) (Offer<?>) offer;
      Node<T> met = meet(false, null, self, Place.TO_WAIT);
      if (met != null && met.sends() && !(met instanceof Node.End<T>)) {
        Object unused = met.take();
      }
      return withdrawal(false, met, self);
    }
  }

  /**
   * Tells {@code self} of the end, or returns an action that takes back its place, if it has one.
   */
  private @Nullable Runnable withdrawal(boolean sends, @Nullable Node<T> met, Offer<Object> self) {
    if (met instanceof Node.End<T> end) {
      boolean unused = self.tryFail(new ChannelClosedException(end.cause));
      return null;
    }
    if (!(met instanceof Node.Offering<T> mine) || mine.sends() != sends) {
      return null;
    }
    return () -> {
      mine.withdraw();
      gaveUp();
    };
  }

  /**
   * Meets the first partner, or takes a place at the end if there is none. If {@code self} is not
   * null, this acts for {@code self}, and a meeting commits to it.
   *
   * @return the partner, or the new node, or the end if this channel is closed; else {@code null},
   *     because no place was wanted, or one in the buffer was wanted while a sender waits, or
   *     {@code self} is not open
   */
  private @Nullable Node<T> meet(
      boolean sends, @Nullable T item, @Nullable Offer<Object> self, Place place) {
    Node<T> mine = null;
    for (; ; ) {
      Node<T> last = list.last();
      if (sends && isEnd(last)) {
        return last;
      }
      Node<T> found =
          place != Place.NONE && isProof(last, sends) ? last : search(sends, item, self);
      if (found != null && found.sends() != sends) {
        return found;
      }
      if (isEnd(last)) {
        return last;
      }
      if (place == Place.NONE
          || (place == Place.IN_BUFFER && waits(last, found))
          || (self != null && !self.isOpen())) {
        return null;
      }
      if (mine == null) {
        mine = newNode(sends, item, self, place);
      }
      mine.follow(last);
      if (list.append(last, mine)) {
        return mine;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Meets the first partner.
   *
   * @return the partner; or, if there is none, a live node on the same side, if one was found
   */
  private @Nullable Node<T> search(boolean sends, @Nullable T item, @Nullable Offer<Object> self) {
    Offer<Object> party = null;
    Node<T> ahead = null;
    for (Node<T> node = list.head(); node != null; ) {
      Object word = node.word();
      if (Node.isLive(word)) {
        Offer<Object> waiting = word == Node.WAITING ? node.offer() : null;
        if (waiting == null && word == Node.WAITING && node instanceof Node.Offering<T>) {
          continue; // it was decided just now
        }
        boolean own = waiting != null && self != null && waiting.isOfSameSync(self);
        if (node.sends() != sends && !own) {
          if (tryMeet(node, word, item, self)) {
            return node;
          }
          if (self != null && !self.isOpen()) {
            return null;
          }
          continue; // it has changed
        }
        if (node.sends() == sends && !own) {
          ahead = node;
          if (waiting == null || (party != null && !party.isOfSameSync(waiting))) {
            return ahead; // proof that there is no partner
          }
          party = waiting;
        }
      }
      Node<T> next = node.next();
      if (next == node) { // it has left the list
        next = list.head();
        party = null;
      }
      node = next;
    }
    return ahead;
  }

  /**
   * Whether a sender waits, up to the last node.
   *
   * @param ahead one of the senders that were live lately, if there were any
   */
  private boolean waits(Node<T> last, @Nullable Node<T> ahead) {
    if (last.word() == Node.BUFFERED) {
      return false; // as no sender waits in front of an item
    }
    return isWaitingSender(last) || (ahead != null && firstWaiting() != null);
  }

  /** Whether this node alone proves that no live node is on the other side. */
  private static boolean isProof(Node<?> node, boolean sends) {
    if (node.sends() != sends) {
      return false;
    }
    Object word = node.word();
    return word == Node.BUFFERED || (word == Node.WAITING && node instanceof Node.Waiter<?>);
  }

  @SuppressWarnings("NullAway") // the items are null only if their type allows it
  private Node<T> newNode(
      boolean sends, @Nullable T item, @Nullable Offer<Object> self, Place place) {
    return place == Place.IN_BUFFER
        ? overflow == Overflow.DROP_OLDEST ? new Node.Numbered<>(item) : Node.buffered(item)
        : self == null ? new Node.Waiter<>(sends, item) : new Node.Offering<>(sends, item, self);
  }

  private boolean tryMeet(
      Node<T> node, Object word, @Nullable T item, @Nullable Offer<Object> self) {
    if (node.sends()) {
      if (!node.decide(word, Node.DONE, self, node.peek())) {
        return false;
      }
      if (word == Node.BUFFERED) {
        giveRoom();
        tellIfDrained();
      }
    } else if (!node.decide(word, Node.masked(item), self, Node.DONE)) {
      return false;
    }
    list.met();
    return true;
  }

  /** Takes a place in the buffer, if there is one that neither an item nor a sender has. */
  private boolean takeRoom() {
    if (capacity == UNBOUNDED) {
      return true;
    }
    for (; ; ) {
      Point.before(this, Point.Kind.READ);
      int now = (int) ROOM.getVolatile(this);
      if (now == 0) {
        return false;
      }
      Point.before(this, Point.Kind.UPDATE);
      if (ROOM.compareAndSet(this, now, now - 1)) {
        return true;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Gives a place in the buffer to the first sender that waits, or else adds it to {@code room}.
   */
  private void giveRoom() {
    for (; ; ) {
      if (isCrowded()) {
        Node<T> sender = firstWaiting();
        if (sender == null) {
          setCrowded(false);
          sender = firstWaiting();
          if (sender != null) {
            setCrowded(true);
          }
        }
        if (sender != null) {
          if (sender.decide(Node.WAITING, Node.BUFFERED, null, null)) {
            return;
          }
          continue;
        }
      }
      if (capacity == UNBOUNDED) {
        return;
      }
      Point.before(this, Point.Kind.UPDATE);
      int unused = (int) ROOM.getAndAdd(this, 1);
      if (!isCrowded() || !takeRoom()) {
        return;
      }
    }
  }

  /** Looks for room once more, for a sender that has just begun to wait. */
  private void lookForRoom() {
    if (capacity != 0) {
      setCrowded(true);
      if (takeRoom()) {
        giveRoom();
      }
    }
  }

  /** Cleans up after a wait that was given up. */
  private void gaveUp() {
    if (list.gaveUp()) {
      Node<T> unused = firstWaiting(); // so that the hint keeps no unlinked node
    }
  }

  private @Nullable Node<T> firstWaiting() {
    Point.before(this, Point.Kind.READ);
    @SuppressWarnings("unchecked") // only nodes of this channel
    Node<T> before = (Node<T>) FIRST_WAITING.getVolatile(this);
    Node<T> node = before;
    boolean waits = isWaitingSender(node);
    while (!waits) {
      Node<T> next = list.after(node);
      if (next == null) {
        break;
      }
      node = next;
      waits = isWaitingSender(node);
    }
    if (node != before) {
      Point.before(this, Point.Kind.UPDATE);
      FIRST_WAITING.compareAndSet(this, before, node);
    }
    return waits ? node : null;
  }

  private static boolean isWaitingSender(Node<?> node) {
    return node.sends() && node.word() == Node.WAITING;
  }

  private boolean isCrowded() {
    Point.before(this, Point.Kind.READ);
    return (boolean) CROWDED.getVolatile(this);
  }

  private void setCrowded(boolean value) {
    Point.before(this, Point.Kind.WRITE);
    CROWDED.setVolatile(this, value);
  }

  /** Shows how many items are in the buffer and how many wait, for people. */
  @Override
  public String toString() {
    int items = 0;
    int waiting = 0;
    for (Node<T> node = list.head(); node != null; ) {
      Object word = node.word();
      items += word == Node.BUFFERED ? 1 : 0;
      waiting += word == Node.WAITING ? 1 : 0;
      Node<T> next = node.next();
      node = next == node ? null : next;
    }
    return "Channel["
        + items
        + " items"
        + (waiting == 0 ? "" : ", " + waiting + " waiting")
        + (isClosed() ? ", closed" : "")
        + "]";
  }
}
