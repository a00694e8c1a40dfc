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

/** A resource is moved while it is dropped: one of the two has it, and releases it. */
@JCStressTest
@State
@Outcome(id = "done, released 1", expect = ACCEPTABLE, desc = "moved")
@Outcome(id = "dropped, released 1", expect = ACCEPTABLE, desc = "dropped")
@Outcome(expect = FORBIDDEN, desc = "lost, released twice or used late")
public class OwnedMoveVsDrop {
  private final Counted resource = new Counted();
  private final Owned<Counted> owned = new Owned<>(() -> resource, Counted::release);

  @Actor
  void move(LL_Result r) {
    r.r1 = Counted.attempt(() -> owned.runMoved(Counted::use));
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
  @JCStressMeta(OwnedMoveVsDrop.class)
  @State
  public static class Broken {
    private final Counted.BrokenInstance owned = new Counted.BrokenInstance();

    @Actor
    void move(LL_Result r) {
      r.r1 = owned.move();
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
