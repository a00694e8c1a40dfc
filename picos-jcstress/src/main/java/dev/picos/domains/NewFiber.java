package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;

/** Something for the policies of other packages to queue. */
public final class NewFiber {
  private NewFiber() {}

  public static Ready ready() {
    return new Start(new Fiber(new Computation<>(), false), fiber -> {});
  }
}
