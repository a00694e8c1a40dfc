package consumer;

import dev.picos.core.Scheduler;
import dev.picos.std.sync.Ivar;
import dev.picos.std.structured.Flock;

public final class Greeting {
  private Greeting() {}

  /** One fiber says hello to another. */
  public static String on(Scheduler scheduler) {
    return scheduler.call(
        () ->
            Flock.call(
                () -> {
                  Ivar<String> greeting = new Ivar<>();
                  Flock.fork(() -> greeting.tryFill("hello from " + Thread.currentThread().isVirtual()));
                  return greeting.read();
                }));
  }
}
