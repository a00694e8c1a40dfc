package dev.picos.std.sync;

import dev.picos.core.Fiber;
import dev.picos.std.event.Offer;
import dev.picos.std.internal.Link;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The wait of an event: a grant commits to its offer, and the wait has ended when the offer is not
 * open.
 */
final class OfferWaiter extends Link {
  private final Offer<@Nullable Void> offer;

  /** Made before anything is taken away for the grant, which must not fail after that. */
  private final BooleanSupplier commit;

  OfferWaiter(@Nullable Fiber fiber, Offer<@Nullable Void> offer) {
    super(fiber);
    this.offer = offer;
    commit = offer.prepared((Void) null);
  }

  @Override
  public boolean grant() {
    return commit.getAsBoolean();
  }

  @Override
  public boolean isGranted() {
    return offer.peek() != null;
  }

  @Override
  public boolean hasEnded() {
    return !offer.isOpen();
  }
}
