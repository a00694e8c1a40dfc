package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Two calls are added while a domain takes one: each is taken once in the end. */
@JCStressTest
@State
@Outcome(id = "2", expect = ACCEPTABLE, desc = "both are taken")
@Outcome(expect = FORBIDDEN, desc = "a call is lost, or is taken twice")
public class CallsAddVsPoll {
  private final Calls calls = new Calls();
  private final Item one = new Item();
  private final Item other = new Item();

  private static final class Item extends Calls.Call {
    int taken;

    @Override
    public void run(Domain here) {
      taken++;
    }
  }

  @Actor
  void first() {
    calls.add(one);
  }

  @Actor
  void second() {
    calls.add(other);
  }

  @Actor
  void domain() {
    take();
  }

  private boolean take() {
    Item item = (Item) calls.poll();
    if (item == null) {
      return false;
    }
    item.taken++;
    return true;
  }

  @Arbiter
  void rest(I_Result r) {
    while (take()) {}
    r.r1 = one.taken == 1 && other.taken == 1 ? 2 : 0;
  }
}
