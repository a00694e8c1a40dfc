package dev.picos.std.sync;

import dev.picos.std.event.Offer;
import org.jspecify.annotations.Nullable;

/** The wait of an event: to grant is to commit to it, and an offer that is lost is abandoned. */
final class OfferWaiter extends Waiter {
  private final Offer<@Nullable Void> offer;

  OfferWaiter(Offer<@Nullable Void> offer) {
    super(null);
    this.offer = offer;
  }

  @Override
  boolean grant() {
    return offer.tryCommit((Void) null);
  }

  @Override
  boolean isAbandoned() {
    return !offer.isOpen();
  }
}
