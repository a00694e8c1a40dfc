package dev.picos.std.resource;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/** A resource is moved while it is borrowed: it is never both at once, and it is released once. */
@JCStressTest
@State
@Outcome(id = "done, done, released 1", expect = ACCEPTABLE, desc = "borrowed, then moved")
@Outcome(id = "transferred, done, released 1", expect = ACCEPTABLE, desc = "moved, too late")
@Outcome(id = "done, borrowed, released 1", expect = ACCEPTABLE, desc = "borrowed just then")
@Outcome(expect = FORBIDDEN, desc = "lost, released twice or used late")
public class OwnedBorrowVsMove {
  private final Counted resource = new Counted();
  private final Owned<Counted> owned = new Owned<>(() -> resource, Counted::release);

  @Actor
  void borrow(LLL_Result r) {
    r.r1 = Counted.attempt(() -> owned.runBorrowed(Counted::use));
  }

  @Actor
  void move(LLL_Result r) {
    r.r2 = Counted.attempt(() -> owned.runMoved(Counted::use));
  }

  @Arbiter
  void look(LLL_Result r) {
    owned.drop(); // if it was not moved
    r.r3 = resource.verdict();
  }

  /** The mistake: it looks and then writes. */
  @JCStressTest
  @JCStressMeta(OwnedBorrowVsMove.class)
  @State
  public static class Broken {
    private final Counted.BrokenInstance owned = new Counted.BrokenInstance();

    @Actor
    void borrow(LLL_Result r) {
      r.r1 = owned.borrow();
    }

    @Actor
    void move(LLL_Result r) {
      r.r2 = owned.move();
    }

    @Arbiter
    void look(LLL_Result r) {
      owned.drop();
      r.r3 = owned.verdict();
    }
  }
}
