package dev.picos.std.resource;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/**
 * A resource is dropped while it is borrowed: one of the two releases it, and not while it is in
 * use.
 */
@JCStressTest
@State
@Outcome(id = "done, released 1", expect = ACCEPTABLE, desc = "borrowed, released afterwards")
@Outcome(id = "dropped, released 1", expect = ACCEPTABLE, desc = "too late to borrow")
@Outcome(expect = FORBIDDEN, desc = "lost, released twice or used late")
public class OwnedBorrowVsDrop {
  private final Counted resource = new Counted();
  private final Owned<Counted> owned = new Owned<>(() -> resource, Counted::release);

  @Actor
  void borrow(LL_Result r) {
    r.r1 = Counted.attempt(() -> owned.runBorrowed(Counted::use));
  }

  @Actor
  void drop() {
    owned.drop();
  }

  @Arbiter
  void look(LL_Result r) {
    r.r2 = resource.verdict();
  }

  /** The mistake: it looks and then writes. */
  @JCStressTest
  @JCStressMeta(OwnedBorrowVsDrop.class)
  @State
  public static class Broken {
    private final Counted.BrokenInstance owned = new Counted.BrokenInstance();

    @Actor
    void borrow(LL_Result r) {
      r.r1 = owned.borrow();
    }

    @Actor
    void drop() {
      owned.drop();
    }

    @Arbiter
    void look(LL_Result r) {
      r.r2 = owned.verdict();
    }
  }
}
