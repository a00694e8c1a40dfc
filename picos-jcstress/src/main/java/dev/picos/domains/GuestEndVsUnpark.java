package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.locks.LockSupport;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZ_Result;

/** A thread of the program yields and ends, and somebody unparks it: its end is counted once. */
@JCStressTest
@State
@Outcome(id = "1, true", expect = ACCEPTABLE, desc = "it has ended, and was counted once")
@Outcome(expect = FORBIDDEN, desc = "it was counted twice, or not, or never ran to its end")
public class GuestEndVsUnpark {
  private final RealGuest guest = new RealGuest();

  @Actor
  void domain() {
    guest.runToEnd();
  }

  @Actor
  void unpark() {
    LockSupport.unpark(guest.thread());
  }

  @Arbiter
  void end(IZ_Result r) {
    guest.runToEnd();
    r.r1 = guest.ends();
    r.r2 = guest.thread().getState() == Thread.State.TERMINATED;
  }
}
