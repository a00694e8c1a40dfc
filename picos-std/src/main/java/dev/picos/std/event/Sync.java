package dev.picos.std.event;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.std.internal.Failures;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One synchronization on an event, by one fiber. */
final class Sync<T extends @Nullable Object> {
  // For maintainers.
  //
  //   1 force   the tree becomes a list of alternatives; the functions of guards run
  //   2 poll    each is asked whether it is ready; the first that is has been chosen
  //   3 offer   each is offered, until one is committed to; then the fiber waits
  //   4 settle  the others are withdrawn and the nacks that do not surround the chosen one complete
  //   5 finish  the functions wrapped around it run
  //
  // Until 3 nobody else knows of this synchronization, so that what 2 finds needs no commit point,
  // and whoever polls decides with its partner alone. In 3 each request has to look again: what was
  // not ready may be, and two that look before they offer must not miss each other.

  /** What the event consists of. */
  private record Alternative(Request<?> request, @Nullable Frame path) {}

  /** The rest of a choice whose first alternatives have been forced. */
  private record Rest(
      Iterator<? extends Event<?>> events, @Nullable Frame path, @Nullable Rest next) {}

  private static final Exception NOT_READY =
      new Exception("not ready when polled", null, false, false) {
        private static final long serialVersionUID = 1L;
      };

  private final List<Alternative> alternatives = new ArrayList<>(4);
  private List<Offer<?>> offers = List.of();
  private Frame.@Nullable Nack nacks;

  private @Nullable Frame chosen;
  private @Nullable Outcome<?> outcome;

  T sync(Event<T> event) {
    force(event);
    int first = first();
    if (!poll(first)) {
      offer(first, true);
    }
    return finish(Objects.requireNonNull(outcome, "the wait ended without a commit"));
  }

  Outcome.@Nullable Returned<T> poll(Event<T> event) {
    force(event);
    int first = first();
    if (!poll(first)) {
      offer(first, false);
    }
    return outcome == null ? null : new Outcome.Returned<T>(finish(outcome));
  }

  private void force(Event<?> event) {
    try {
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
                    withNack.body.map(Event.of(nack.lost)), "a withNack returned null");
            continue;
          }
          case Event.Choice<?> choice -> rest = new Rest(choice.events.iterator(), path, rest);
          case Event.Leaf<?> leaf -> alternatives.add(new Alternative(leaf.request, path));
        }
        while (rest != null && !rest.events.hasNext()) {
          rest = rest.next;
        }
        if (rest == null) {
          return;
        }
        next = rest.events.next();
        path = rest.path;
      }
    } catch (Throwable thrown) {
      throw failed(thrown);
    }
  }

  /** Where to begin; the scheduler is not asked if there is no choice. */
  private int first() {
    return alternatives.size() < 2 ? 0 : Fiber.random(alternatives.size());
  }

  private Alternative alternative(int index) {
    int size = alternatives.size();
    return alternatives.get(index < size ? index : index - size);
  }

  private boolean poll(int first) {
    for (int i = 0; i < alternatives.size(); i++) {
      Alternative alternative = alternative(first + i);
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

  /** Offers what there is to offer, and then waits for a commit, or looks whether there was one. */
  private void offer(int first, boolean mayWait) {
    Computation<Offer.Commit> target = new Computation<>(Computation.Mode.LIFO);
    offers = new ArrayList<>(alternatives.size());
    try {
      for (int i = 0; i < alternatives.size() && target.isRunning(); i++) {
        Alternative alternative = alternative(first + i);
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
      commit.offer().withdrawal = null;
      choose(commit.offer().path, commit.outcome());
    } else {
      settle(null);
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

  /** Tells all those who were not chosen, whatever some of them throw. */
  private void settle(@Nullable Throwable thrown) {
    Throwable failure = thrown;
    for (Offer<?> offer : offers) {
      failure = run(offer.withdrawal, failure);
    }
    for (Frame.Nack nack = nacks; nack != null; nack = nack.earlier) {
      if (!nack.surrounds(chosen)) {
        Computation<@Nullable Void> lost = nack.lost;
        failure = run(() -> lost.tryReturn(null), failure);
      }
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

  /** What the chosen alternative gives. */
  @SuppressWarnings({"unchecked", "NullAway"}) // each function takes what the one before it gave
  private T finish(Outcome<?> committed) {
    Object value =
        switch (committed) {
          case Outcome.Returned<?> returned -> returned.value();
          case Outcome.Canceled<?> failed -> throw ComputationException.unchecked(failed.reason());
        };
    try {
      for (Frame frame = chosen; frame != null; frame = frame.outer) {
        if (frame instanceof Frame.Wrap wrap) {
          value = ((Event.Mapper<Object, Object>) wrap.mapper).map(value);
        }
      }
    } catch (Throwable thrown) {
      throw ComputationException.unchecked(thrown);
    }
    return (T) value;
  }
}
