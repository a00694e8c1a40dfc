package dev.picos.std.channel;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
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
 * Bundle.joinAfter(bundle -> {
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
 * receives. A {@linkplain #buffered buffered} one takes so many items ahead before senders wait, an
 * {@linkplain #unbounded unbounded} one any number. Any fiber and thread may use either end. Each
 * item is received once. {@code null} may be an item.
 *
 * <p>Fair: items are received in the order in which they were sent, those that wait are served in
 * the order in which they came, whether they wait in an operation or in a {@code select}, and what
 * is free is handed to the first of them directly.
 *
 * <p><b>Closing.</b> After {@link #close} senders, those that wait included, throw {@link
 * ChannelClosedException}; receivers get what is left in the buffer, and then throw it too.
 *
 * <p><b>Events.</b> {@link #sendEvent} and {@link #receiveEvent} are the same as values, to be
 * combined with others: one {@code select} may offer to send on one channel, receive from another
 * and time out, and exactly one of them happens. A fiber never meets itself: offers to send and to
 * receive on the same channel in one synchronization are for others.
 *
 * <p>What a fiber does before it sends happens before what the one does that receives the item.
 *
 * <p>Progress: everything but the waiting is lock-free; two fibers that meet while both have other
 * alternatives are obstruction-free and back off. Space: 24 bytes for each item in the buffer, some
 * 50 bytes for each one that waits. Those that gave up, or lost, are cleaned up in amortised
 * constant time, and no more of them are kept than there are others (and sixteen).
 *
 * @param <T> the type of the items
 */
public final class Channel<T extends @Nullable Object> implements Iterable<T> {
  // For maintainers.
  //
  // One list of nodes (see both), as in the dual queues of Scherer and Scott. Both senders and
  // receivers are appended at the end; whoever comes and finds a partner in the list takes no
  // place.
  //
  // Invariants:
  //   1 no two live nodes are of different sides, unless they are offers of one synchronization
  //   2 no sender waits in front of an item in the buffer
  //
  // For 1, who wants a place first reads which node is the last, then looks for a partner from the
  // head on, and appends with a compare-and-set on the last node, which fails if anyone else came.
  // He need not look at all nodes: what he finds waiting on his own side is proof enough that there
  // is no partner, except that an offer there may have a twin on the other side further on; two
  // waiting parties have not. Proof: let a node K of my side be live at a time after I read the
  // last node. By 1 the live nodes of the other side are of the same synchronization as K. So if K
  // is no waiting offer there are none; and none of those that are dead comes back. If I met
  // another party L later, those that are live then were live when I met K, and belong to both K
  // and L; so there are none.
  //
  // Capacity: `room` is how many items may still come into the buffer. A sender that finds none
  // waits. When an item is taken from the buffer its room goes to the first sender that waits, by
  // making its item one of the buffer. Only if nobody waits it is added to `room`; a sender that
  // came to wait meanwhile looks at `room` again after it has its place, so that one of the two
  // sees the other. `crowded` spares the search for senders where none ever waited: it is set by a
  // sender after it got its place and before it looks at `room`, and cleared by who then searches
  // once more. `firstWaiting` is a node before which no sender waits.
  //
  // For 2, a place in the buffer goes to the first sender that waits; and a sender that comes and
  // takes one looks for senders that wait after it has read which node is the last, and gives the
  // place to the first of them, if there is one. Senders wait only behind that node then, or the
  // compare-and-set that appends the item fails. So items come into the buffer in the order of the
  // list.
  //
  // Ordering: all accesses are volatile, since several of the arguments above are of the kind "one
  // of the two sees the other". On x86 that costs nothing that the compare-and-sets do not cost.
  //
  // Differences from the original: that has a sketch of rendezvous channels only, whose queue is
  // one immutable value, and which needs a transaction for each meeting of an event, and leaves
  // dead offers in place.

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

  /** Why a place at the end is wanted, if there is no partner. */
  private enum Place {
    NONE,
    IN_BUFFER,
    TO_WAIT
  }

  private final int capacity;
  private final NodeList<T> list = new NodeList<>();
  private final Event<T> receiveEvent = Event.fromRequest(new Receive());
  private final Computation<@Nullable Void> closing = new Computation<>();

  @SuppressWarnings("unused") // through FIRST_WAITING
  private volatile Node<T> firstWaiting;

  @SuppressWarnings("unused") // through ROOM
  private volatile int room;

  @SuppressWarnings("unused") // through CROWDED
  private volatile boolean crowded;

  private Channel(int capacity) {
    this.capacity = capacity;
    this.room = capacity;
    firstWaiting = list.head();
  }

  /** Makes a channel without a buffer, where each sender waits for a receiver. */
  public static <T extends @Nullable Object> Channel<T> rendezvous() {
    return new Channel<>(0);
  }

  /**
   * Makes a channel that takes {@code capacity} items ahead of the receivers before senders wait.
   *
   * @throws IllegalArgumentException if {@code capacity} is not positive
   */
  public static <T extends @Nullable Object> Channel<T> buffered(int capacity) {
    if (capacity <= 0) {
      throw new IllegalArgumentException(
          "capacity must be positive: " + capacity + "; for no buffer there is rendezvous()");
    }
    return new Channel<>(capacity);
  }

  /** Makes a channel that takes any number of items ahead of the receivers: senders never wait. */
  public static <T extends @Nullable Object> Channel<T> unbounded() {
    return new Channel<>(UNBOUNDED);
  }

  /**
   * Sends {@code item}: waits until a receiver takes it or it has a place in the buffer.
   *
   * <p>Cancelation: none if it need not wait. Else a fiber that is canceled before or while it
   * waits throws the reason, and the item is not sent; but if the item was taken by then, this
   * returns.
   *
   * @throws ChannelClosedException if the channel is closed, or is while this waits; the item is
   *     not sent then
   */
  public void send(T item) {
    requireOpen(sendLater(item, null));
  }

  /**
   * Sends {@code item} if that is possible without waiting. It may miss a place in the buffer that
   * becomes free at that moment. Not cancelable.
   *
   * @return whether it was sent
   * @throws ChannelClosedException if the channel is closed
   */
  public boolean trySend(T item) {
    Node<T> met = send(item, Place.NONE);
    requireOpen(met);
    return met != null;
  }

  /**
   * Sends {@code item} if that is possible within {@code timeout}; with zero, at once.
   *
   * <p>Cancelation: as {@link #send}; also with zero.
   *
   * @return whether it was sent
   * @throws ChannelClosedException as {@link #send}
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
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

  /**
   * Receives the next item: waits until there is one.
   *
   * <p>Cancelation: none if it need not wait. Else a fiber that is canceled before or while it
   * waits throws the reason, and has received nothing; but if it was given an item by then, this
   * returns that.
   *
   * @throws ChannelClosedException if the channel is closed and nothing is left in it, or is while
   *     this waits
   */
  public T receive() {
    return Node.unmasked(requireItem(Objects.requireNonNull(receiveLater(null))));
  }

  /**
   * Receives the next item if there is one. Not cancelable.
   *
   * @return the item, or {@code null} if there is none
   * @throws ChannelClosedException if the channel is closed and nothing is left in it
   */
  public Outcome.@Nullable Returned<T> tryReceive() {
    Object received = receiveNow();
    return received == null ? null : returned(requireItem(received));
  }

  /**
   * Receives the next item if one comes within {@code timeout}; with zero, if there is one.
   *
   * <p>Cancelation: as {@link #receive}; also with zero.
   *
   * @return the item, or {@code null} if none came
   * @throws ChannelClosedException as {@link #receive}
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
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

  /**
   * Returns the event of {@link #send}: whoever commits to it has sent {@code item}, once for each
   * synchronization. Throws {@link ChannelClosedException} as {@code send} does.
   */
  public Event<@Nullable Void> sendEvent(T item) {
    return Event.fromRequest(new Send(item)).<@Nullable Void>map(sent -> null);
  }

  /**
   * Returns the event of {@link #receive}: gives the next item. Throws {@link
   * ChannelClosedException} as {@code receive} does.
   */
  public Event<T> receiveEvent() {
    return receiveEvent;
  }

  /** As {@link #close(Throwable)}, without a cause. */
  public void close() {
    close(null);
  }

  /**
   * Closes this channel: whoever sends, or waits to, throws {@link ChannelClosedException}, and so
   * does whoever receives, or waits to, once nothing is left in the buffer. If {@code cause} is not
   * {@code null}, it is the cause of these exceptions, and iterations throw them instead of ending.
   * Does nothing if this channel is closed. Never waits; not cancelable. If the scheduler of one of
   * those who wait fails to wake it, the others are told all the same, and then this throws what
   * that threw.
   */
  public void close(@Nullable Throwable cause) {
    Node<T> end = new Node.End<>(cause);
    for (Node<T> last = list.last(); !isEnd(last); last = list.last()) {
      boolean unused = list.append(last, end);
    }
  }

  /** Returns whether this channel has been closed; items may be left in it. */
  public boolean isClosed() {
    return isEnd(list.last());
  }

  /**
   * Whether {@code last} is the end. If so, nobody waits in front of it any more: whoever sees that
   * the channel is closed first does what is left of closing it, in the place of the closer, and so
   * nobody meets after that.
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
      if (failure != null) { // whoever finds the end next tells those who could not be told
        throw ComputationException.unchecked(failure);
      }
      closing.tryReturn(null);
    }
    return true;
  }

  /**
   * Returns an iterator that receives: {@code hasNext} waits for the next item, and is {@code
   * false} when the channel is closed and nothing is left in it; if it was closed with a cause,
   * {@code hasNext} throws {@link ChannelClosedException} then. For one fiber. Several iterators
   * share the items.
   *
   * <p>Cancelation: {@code hasNext} as {@link #receive}.
   */
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

  /**
   * Returns a publisher of the items of this channel. Each subscriber is served by a fiber in
   * {@code scope}, which receives as the subscriber asks, so that several subscribers, like several
   * receivers, share the items. It is told of the end when this channel is closed and nothing is
   * left in it: with {@code onError} if there is a cause. Items must not be {@code null}.
   *
   * <p>All signals to the subscriber come from that fiber. What the subscriber throws is an error
   * of the scope. When the scope stops, the subscriber is given the reason as an error. An item
   * that was received is delivered, unless {@code cancel} has come in between.
   */
  public Flow.Publisher<T> publisher(Bundle scope) {
    Objects.requireNonNull(scope, "scope");
    return subscriber ->
        new Delivery<>(this, Objects.requireNonNull(subscriber, "subscriber")).start(scope);
  }

  /**
   * Returns a subscriber that sends on this channel what a publisher gives it, for one
   * subscription. It is served by a fiber in {@code scope}, which has asked for at most {@code
   * ahead} items that are not sent yet. When the publisher ends, this channel is closed, with the
   * publisher's error as the cause if there is one; also when the scope stops, with the reason.
   * When this channel is closed by others, the subscription is canceled.
   *
   * @throws IllegalArgumentException if {@code ahead} is not positive
   */
  public <U extends T> Flow.Subscriber<U> subscriber(Bundle scope, int ahead) {
    if (ahead <= 0) {
      throw new IllegalArgumentException("ahead must be positive: " + ahead);
    }
    return new Intake<>(this, Objects.requireNonNull(scope, "scope"), ahead);
  }

  /** Returns an event that is ready when this channel is closed. */
  Event<@Nullable Void> closing() {
    return Event.of(closing);
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
   * Sends; returns some node if that was possible, the end if closed, else what {@code otherwise}
   * asks for: {@code null}, or a node where to wait.
   */
  private @Nullable Node<T> send(T item, Place otherwise) {
    for (; ; ) {
      boolean hasRoom = takeRoom();
      Node<T> met = meet(true, item, null, hasRoom ? Place.IN_BUFFER : otherwise);
      if (!hasRoom) {
        return met;
      }
      if (met == null) {
        setCrowded(true); // the sender that waits may not have come so far
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
   * Sends, and waits for it if need be; returns some node, the end if closed, or {@code null} when
   * the deadline has passed.
   */
  private @Nullable Node<T> sendLater(T item, @Nullable Deadline deadline) {
    Node<T> met = send(item, Place.TO_WAIT);
    if (!(met instanceof Node.Waiter<T> waiter) || !waiter.sends()) {
      return met;
    }
    lookForRoom();
    Throwable reason = waiter.await(deadline);
    if (waiter.abandon()) {
      list.gaveUp();
      if (reason != null) {
        throw ComputationException.unchecked(reason);
      }
      return null;
    }
    return waiter.word() == Node.CLOSED ? list.last() : waiter;
  }

  /** Receives; returns the item, masked, the end if closed and drained, else {@code null}. */
  private @Nullable Object receiveNow() {
    Node<T> met = meet(false, null, null, Place.NONE);
    return met == null || met instanceof Node.End<T> ? met : met.take();
  }

  /** The same, but waits; returns {@code null} when the deadline has passed. */
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
      list.gaveUp();
      if (reason != null) {
        throw ComputationException.unchecked(reason);
      }
      return null;
    }
    Object received = waiter.word();
    waiter.forget();
    return received == Node.CLOSED ? list.last() : received;
  }

  private final class Send implements Request.Pollable<Object> {
    private final T item;

    Send(T item) {
      this.item = item;
    }

    @Override
    public @Nullable Outcome<Object> poll() {
      Node<T> met = send(item, Place.NONE);
      return met == null
          ? null
          : met instanceof Node.End<T> end
              ? new Outcome.Canceled<>(new ChannelClosedException(end.cause))
              : new Outcome.Returned<>(Node.DONE);
    }

    @Override
    public @Nullable Runnable issue(Offer<Object> offer) {
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
    @SuppressWarnings("unchecked") // is committed with items only
    public @Nullable Runnable issue(Offer<T> offer) {
      Offer<Object> self = (Offer<Object>) (Offer<?>) offer;
      Node<T> met = meet(false, null, self, Place.TO_WAIT);
      if (met != null && met.sends() && !(met instanceof Node.End<T>)) {
        Object unused = met.take();
      }
      return withdrawal(false, met, self);
    }
  }

  /** Tells {@code self} of the end, or returns how to take back its place, if it has got one. */
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
      list.gaveUp();
    };
  }

  /**
   * Meets the first partner, or takes a place at the end if there is none. In the place of {@code
   * self}, if that is not null, which is committed then.
   *
   * @return the partner, or the new node, or the end if this channel is closed; else {@code null}:
   *     no place was wanted, or one in the buffer while a sender waits, or {@code self} is not open
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
      if (list.append(last, mine)) {
        return mine;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Meets the first partner.
   *
   * @return the partner; or, if there is none, one who is on the same side, if any is there
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
      return false; // as nobody waits in front of an item in the buffer
    }
    return isWaitingSender(last) || (ahead != null && firstWaiting() != null);
  }

  /** Whether this node alone shows that nobody on the other side is there. */
  private static boolean isProof(Node<?> node, boolean sends) {
    if (node.sends() != sends) {
      return false;
    }
    Object word = node.word();
    return word == Node.BUFFERED || (word == Node.WAITING && node instanceof Node.Waiter<?>);
  }

  @SuppressWarnings("NullAway") // the items are null only if their type allows it
  private static <T extends @Nullable Object> Node<T> newNode(
      boolean sends, @Nullable T item, @Nullable Offer<Object> self, Place place) {
    return place == Place.IN_BUFFER
        ? Node.buffered(item)
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
      }
    } else if (!node.decide(word, Node.masked(item), self, Node.DONE)) {
      return false;
    }
    list.clean();
    return true;
  }

  /** Takes a place in the buffer, if there is one that no item and no sender has. */
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

  /** Gives a place in the buffer to the first sender that waits, or else to whoever comes. */
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

  /** For a sender that has just come to wait. */
  private void lookForRoom() {
    if (capacity != 0) {
      setCrowded(true);
      if (takeRoom()) {
        giveRoom();
      }
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
