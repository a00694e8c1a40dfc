package dev.picos.domains;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Looks after one domain: whether fibers wait that others could run, and whether the domain is held
 * up by the one that it runs. It costs the domain nothing but the count of its slices.
 */
final class Watch {
  // For maintainers.
  //
  // The fields belong to the thread that looks. What it reads of the domain may be out of date and
  // need not fit together, as it decides on nothing but whether a closer look is worthwhile, which
  // another domain takes (see Relief).

  /**
   * The number of looks, two milliseconds apart, after which a carrier that waits is worth a closer
   * look. It may wait for a class to be loaded, and the fibers on one domain then better keep to
   * their order.
   */
  private static final int WAITING = 4;

  /** The number of looks after which a native method may be blocked. */
  private static final int NATIVE = 16;

  /**
   * The number of looks after which a fiber may be blocked that does not look it, as when it waits
   * until another one has initialised a class; and after which a closer look is worthwhile at an
   * execution that can be repeated, since that must not depend on how busy the machine is.
   */
  private static final int LONG = 64;

  /** The number of looks after which a fiber that does not give way is reported. */
  private static final int REPORTED = 256;

  private final Domain domain;
  private final Hosts hosts;

  /** What was seen at the last look. */
  private long dispatched;

  /** The number of fibers that had ended: a host goes from one to the next within a slice. */
  private long ended;

  /** At how many looks in a row nothing has been new. */
  private int unchanged;

  /** The stack of the fiber when it was last looked at, which was in the same slice. */
  private StackTraceElement @Nullable [] stack;

  Watch(Domain domain, Hosts hosts) {
    this.domain = domain;
    this.hosts = hosts;
  }

  /** Looks once; returns what another domain is to do about what was seen, if anything. */
  @Nullable DomainTask look() {
    Seat seat = hosts.seat();
    if (seat == null) {
      return null;
    }
    seat.execution.look();
    Host host = hosts.lastDispatched(dispatched);
    if (isNew(seat) || host == null || !isTimeToLook()) {
      return null;
    }
    if (host.isWithoutSeat()) {
      seat.execution.blocksStill();
      return null;
    }
    if (!host.isRunning()) {
      return null; // the domain itself waits
    }
    if (unchanged == REPORTED) {
      HeldUp.report(seat.execution, host.thread);
    }
    Relief.Sign sign = sign(host, seat.execution.isRepeatable());
    return sign == null ? null : new Relief(host, domain, seat.execution, sign);
  }

  private boolean isNew(Seat seat) {
    long dispatchedNow = hosts.dispatched();
    long endedNow = seat.ended();
    if (dispatchedNow == dispatched && endedNow == ended) {
      unchanged++;
      return false;
    }
    dispatched = dispatchedNow;
    ended = endedNow;
    unchanged = 0;
    stack = null;
    return true;
  }

  /** After 1, 2, 4, 8 looks and so on, and in the long run every half a second. */
  private boolean isTimeToLook() {
    return (unchanged & (unchanged - 1)) == 0 || unchanged % REPORTED == 0;
  }

  private Relief.@Nullable Sign sign(Host host, boolean isRepeatable) {
    if (unchanged < (isRepeatable ? LONG : WAITING)) {
      return null;
    }
    if (Relief.isBlocked(domain.state())) {
      return Relief.Sign.WAITS;
    }
    if (unchanged < NATIVE / 2) {
      return null;
    }
    StackTraceElement[] before = stack;
    stack = host.thread.getStackTrace();
    if (!Arrays.equals(before, stack)) {
      return null;
    }
    if (unchanged >= NATIVE && Relief.isInNativeMethod(stack)) {
      return Relief.Sign.NATIVE;
    }
    return unchanged >= LONG ? Relief.Sign.STANDS_STILL : null;
  }
}
