package dev.picos.std.resource;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** A resource is dropped twice at once, and released once. */
@JCStressTest
@State
@Outcome(id = "released 1", expect = ACCEPTABLE, desc = "by one of them")
@Outcome(expect = FORBIDDEN, desc = "lost or released twice")
public class OwnedDropVsDrop {
  private final Counted resource = new Counted();
  private final Owned<Counted> owned = new Owned<>(() -> resource, Counted::release);

  @Actor
  void drop() {
    owned.drop();
  }

  @Actor
  void close() {
    owned.close();
  }

  @Arbiter
  void look(L_Result r) {
    r.r1 = resource.verdict();
  }

  /** The mistake: it looks and then writes. */
  @JCStressTest
  @JCStressMeta(OwnedDropVsDrop.class)
  @State
  public static class Broken {
    private final Counted.BrokenInstance owned = new Counted.BrokenInstance();

    @Actor
    void drop() {
      owned.drop();
    }

    @Actor
    void close() {
      owned.drop();
    }

    @Arbiter
    void look(L_Result r) {
      r.r1 = owned.verdict();
    }
  }
}
