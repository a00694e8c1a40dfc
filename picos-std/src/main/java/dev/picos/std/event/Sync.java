package dev.picos.std.event;

import dev.picos.core.BodyWith;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.std.internal.Failures;
import dev.picos.std.internal.Releasing;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One synchronization on an event, by one fiber. */
final class Sync<T extends @Nullable Object> {
  // For maintainers.
  //
  //   1 force   the tree becomes a list of alternatives, in random order where the event does not
  //             give one; the functions of guards run
  //   2 poll    each alternative is asked whether it is ready; the first that is ready is chosen
  //   3 offer   each alternative is offered, until one is committed to; then the fiber waits
  //   4 settle  the other offers are withdrawn, and the nacks complete that do not surround the
  //             chosen alternative
  //   5 finish  the functions wrapped around the chosen alternative run, or the handlers if it, or
  //             one of the functions, fails
  //
  // Before step 3, no other thread knows of this synchronization. So what step 2 finds needs no
  // commit point: a request that is polled decides with its partner alone. In step 3 each request
  // has to look again, since what was not ready may be ready by now, and two requests that both
  // look before they offer must not miss each other.
  //
  // The wait for a condition releases a lock in step 3, and takes it back in step 4, whichever
  // alternative was chosen; its withdrawal runs in any case.

  /** A member of a choice, where nested choices of the same kind are merged into one. */
  private sealed interface Member {}

  private record Alternative(Request<?> request, @Nullable Frame path) implements Member {}

  private record Group(boolean inOrder, List<Member> members) implements Member {}

  /** The rest of a choice whose first alternatives have been forced. */
  private record Rest(
      Iterator<? extends Event<?>> events,
      Group group,
      @Nullable Frame path,
      @Nullable Rest next) {}

  private static final Exception NOT_READY =
      new Exception("not ready when polled", null, false, false) {
        private static final long serialVersionUID = 1L;
      };

  /** The alternatives of the event, in the order in which they are polled and offered. */
  private List<Alternative> alternatives = List.of();

  private List<Offer<?>> offers = List.of();
  private Frame.@Nullable Nack nacks;

  private @Nullable Frame chosen;
  private @Nullable Outcome<?> outcome;

  T sync(Event<T> event) {
    force(event);
    if (!poll()) {
      offer(true);
    }
    return finish(Objects.requireNonNull(outcome, "the wait ended without a commit"));
  }

  Outcome.@Nullable Returned<T> poll(Event<T> event) {
    force(event);
    if (!poll()) {
      offer(false);
    }
    return outcome == null ? null : new Outcome.Returned<T>(finish(outcome));
  }

  private void force(Event<?> event) {
    try {
      Group all = new Group(false, new ArrayList<>(4));
      Group group = all;
      boolean hasGroups = false;
      Rest rest = null;
      Event<?> next = event;
      Frame path = null;
      for (; ; ) {
        switch (next) {
          case Event.Wrap<?, ?> wrap -> {
            path = new Frame.Wrap(wrap.mapper, path);
            next = wrap.event;
            continue;
          }
          case Event.Handle<?> handle -> {
            path = new Frame.Handle(handle.handler, path);
            next = handle.event;
            continue;
          }
          case Event.Guard<?> guard -> {
            next = Objects.requireNonNull(guard.body.run(), "a guard returned null");
            continue;
          }
          case Event.WithNack<?> withNack -> {
            Frame.Nack nack = new Frame.Nack(nacks, path);
            nacks = nack;
            path = nack;
            next =
                Objects.requireNonNull(
                    withNack.body.run(Event.of(nack.lost)), "a withNack returned null");
            continue;
          }
          case Event.Choice<?> choice -> {
            if (choice.inOrder != group.inOrder) {
              Group inner = new Group(choice.inOrder, new ArrayList<>(choice.events.size()));
              group.members.add(inner);
              group = inner;
              hasGroups = true;
            }
            rest = new Rest(choice.events.iterator(), group, path, rest);
          }
          case Event.Leaf<?> leaf -> group.members.add(new Alternative(leaf.request, path));
        }
        while (rest != null && !rest.events.hasNext()) {
          rest = rest.next;
        }
        if (rest == null) {
          alternatives = inOrder(all, hasGroups);
          return;
        }
        next = rest.events.next();
        group = rest.group;
        path = rest.path;
      }
    } catch (Throwable thrown) {
      throw failed(thrown);
    }
  }

  /** The alternatives of {@code all}, beginning at random where no order is given. */
  @SuppressWarnings("unchecked") // where there are no groups, all are alternatives
  private static List<Alternative> inOrder(Group all, boolean hasGroups) {
    if (!hasGroups) {
      return (List<Alternative>) (List<?>) members(all);
    }
    List<Alternative> order = new ArrayList<>();
    Deque<Iterator<Member>> groups = new ArrayDeque<>();
    groups.push(members(all).iterator());
    while (!groups.isEmpty()) {
      Iterator<Member> members = groups.element();
      if (!members.hasNext()) {
        groups.remove();
        continue;
      }
      switch (members.next()) {
        case Alternative alternative -> order.add(alternative);
        case Group inner -> groups.push(members(inner).iterator());
      }
    }
    return order;
  }

  /** Asks for a random number only if there is a choice. */
  private static List<Member> members(Group group) {
    if (!group.inOrder && group.members.size() > 1) {
      Collections.rotate(group.members, Fiber.random(group.members.size()));
    }
    return group.members;
  }

  private boolean poll() {
    for (Alternative alternative : alternatives) {
      if (alternative.request instanceof Request.Pollable<?> pollable) {
        Outcome<?> now;
        try {
          now = pollable.poll();
        } catch (Throwable thrown) {
          throw failed(thrown);
        }
        if (now != null) {
          choose(alternative.path, now);
          return true;
        }
      }
    }
    return false;
  }

  /** Offers the alternatives, and then waits for a commit, or looks whether there was one. */
  private void offer(boolean mayWait) {
    Computation<Offer.Commit> target = new Computation<>(Computation.Mode.LIFO);
    offers = new ArrayList<>(alternatives.size());
    try {
      requireReleasedOnce();
      for (Alternative alternative : alternatives) {
        if (!target.isRunning()) {
          break;
        }
        if (mayWait || !(alternative.request instanceof Request.Pollable<?>)) {
          issue(alternative.request, new Offer<>(target, alternative.path));
        }
      }
      if (mayWait) {
        target.join();
      } else {
        target.tryCancel(NOT_READY);
      }
    } catch (Throwable thrown) {
      if (target.tryCancel(thrown)) {
        throw failed(thrown);
      }
    }
    if (target.peek() instanceof Outcome.Returned<Offer.Commit>(Offer.Commit commit)) {
      Offer<?> offer = commit.offer();
      if (!(offer.withdrawal instanceof Releasing.Withdrawal)) {
        offer.withdrawal = null;
      }
      choose(commit.offer().path, commit.outcome());
    } else {
      settle(null);
    }
  }

  /** Throws if the same lock would be released twice; called before anything is offered. */
  private void requireReleasedOnce() {
    Set<Object> released = Set.of();
    for (Alternative alternative : alternatives) {
      if (alternative.request instanceof Releasing releasing) {
        released =
            released.isEmpty() ? Collections.newSetFromMap(new IdentityHashMap<>()) : released;
        if (!released.add(releasing.released())) {
          throw new IllegalArgumentException(
              "two conditions of one lock in one synchronization: " + releasing.released());
        }
      }
    }
  }

  @SuppressWarnings("unchecked") // an offer is made for its request, and so of its type
  private void issue(Request<?> request, Offer<?> offer) {
    offers.add(offer);
    offer.withdrawal = ((Request<@Nullable Object>) request).issue((Offer<@Nullable Object>) offer);
  }

  private void choose(@Nullable Frame path, Outcome<?> with) {
    chosen = path;
    outcome = with;
    settle(null);
  }

  private RuntimeException failed(Throwable thrown) {
    settle(thrown);
    return ComputationException.unchecked(thrown);
  }

  /**
   * Tells all alternatives that were not chosen, whatever some of them throw. If something released
   * cannot be taken back, that is thrown rather than what was thrown before.
   */
  private void settle(@Nullable Throwable thrown) {
    Throwable failure = thrown;
    Throwable kept = null;
    for (Offer<?> offer : offers) {
      if (offer.withdrawal instanceof Releasing.Withdrawal) {
        kept = run(offer.withdrawal, kept);
      } else {
        failure = run(offer.withdrawal, failure);
      }
    }
    for (Frame.Nack nack = nacks; nack != null; nack = nack.earlier) {
      if (!nack.surrounds(chosen)) {
        Computation<@Nullable Void> lost = nack.lost;
        failure = run(() -> lost.tryReturn(null), failure);
      }
    }
    if (kept != null) {
      throw ComputationException.unchecked(kept);
    }
    if (thrown == null && failure != null) {
      throw ComputationException.unchecked(failure);
    }
  }

  private static @Nullable Throwable run(@Nullable Runnable action, @Nullable Throwable failure) {
    if (action == null) {
      return failure;
    }
    try {
      action.run();
      return failure;
    } catch (Throwable thrown) {
      return Failures.joined(failure, thrown);
    }
  }

  /** Returns or throws what the chosen alternative gives. */
  @SuppressWarnings({"unchecked", "NullAway"}) // each function takes what the one before it gave
  private T finish(Outcome<?> committed) {
    Object value = null;
    Throwable failure = null;
    switch (committed) {
      case Outcome.Returned<?> returned -> value = returned.value();
      case Outcome.Canceled<?> canceled -> failure = canceled.reason();
    }
    for (Frame frame = chosen; frame != null; frame = frame.outer) {
      try {
        if (frame instanceof Frame.Wrap wrap && failure == null) {
          value = ((BodyWith<Object, Object, ?>) wrap.mapper).run(value);
        } else if (frame instanceof Frame.Handle handle
            && failure instanceof Exception exception
            && !isOwnReason(exception)) {
          value = handle.handler.run(exception);
          failure = null;
        }
      } catch (Throwable thrown) {
        failure = thrown;
      }
    }
    if (failure != null) {
      throw ComputationException.unchecked(failure);
    }
    return (T) value;
  }

  /** Whether {@code thrown} was thrown because this very fiber is canceled. */
  private static boolean isOwnReason(Exception thrown) {
    Throwable reason = Fiber.current().cancelReason();
    return reason != null
        && (thrown == reason
            || (thrown instanceof ComputationException && thrown.getCause() == reason));
  }
}
