package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.Fiber;
import java.util.function.Consumer;

/** The work of a forked fiber. */
final class Child extends Failure implements Consumer<Fiber> {
  private final Bundle bundle;
  private final Block<?> body;

  Child(Bundle bundle, Block<?> body) {
    this.bundle = bundle;
    this.body = body;
  }

  @Override
  public void accept(Fiber fiber) {
    try {
      body.run();
    } catch (Throwable thrown) {
      bundle.fail(this, thrown);
    } finally {
      bundle.leave();
    }
  }
}
