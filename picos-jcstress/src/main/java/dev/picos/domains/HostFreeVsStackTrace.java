package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * A fiber ends and its host wants to wait for another one, while the JVM hands out its slice once
 * too often: a host that waits is in no queue, since otherwise a domain would run it without a
 * fiber.
 */
@JCStressTest
@State
@Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "it waits")
@Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "it was queued, and ends")
@Outcome(id = "true, 1", expect = FORBIDDEN, desc = "it waits, and is in a queue")
public class HostFreeVsStackTrace {
  /** A fiber that ends at once. */
  static class Ending extends HostModel {
    boolean free;

    Ending() {
      super(YIELDED);
    }

    @Override
    final void goOn() {
      free = tryFree();
      if (free) {
        yieldThread();
      } else {
        terminate();
      }
    }
  }

  private final Ending host = new Ending();

  @Actor
  void domain() {
    host.runNext();
  }

  @Actor
  void look() {
    host.stackTrace();
  }

  @Arbiter
  void count(ZI_Result r) {
    r.r1 = host.free;
    r.r2 = host.entries.get();
  }

  /** The mistake: it looks whether it is out of the queue and then writes, without comparing. */
  @JCStressTest
  @JCStressMeta(HostFreeVsStackTrace.class)
  @State
  public static class Broken {
    private final Ending host =
        new Ending() {
          @Override
          boolean tryFree() {
            boolean isRunning = place == RUNNING;
            if (isRunning) {
              PLACE.setVolatile(this, FREE);
            }
            return isRunning;
          }
        };

    @Actor
    void domain() {
      host.runNext();
    }

    @Actor
    void look() {
      host.stackTrace();
    }

    @Arbiter
    void count(ZI_Result r) {
      r.r1 = host.free;
      r.r2 = host.entries.get();
    }
  }
}
