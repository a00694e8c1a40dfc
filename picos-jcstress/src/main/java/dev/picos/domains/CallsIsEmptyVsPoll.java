package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/** A domain takes the older of two calls while another one looks whether any waits. */
@JCStressTest
@State
@Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "it sees the one that is left")
@Outcome(expect = FORBIDDEN, desc = "it sees none, and sleeps; or the wrong one is left")
public class CallsIsEmptyVsPoll {
  private final Calls calls = new Calls();
  private final Item older = new Item();
  private final Item younger = new Item();

  private static final class Item extends Calls.Call {
    @Override
    public void run(Domain here) {}
  }

  public CallsIsEmptyVsPoll() {
    calls.add(older);
    calls.add(younger);
  }

  @Actor
  void poll() {
    Calls.Call unused = calls.poll();
  }

  @Actor
  void look(ZI_Result r) {
    r.r1 = calls.isEmpty();
  }

  @Arbiter
  void count(ZI_Result r) {
    r.r2 = calls.poll() == younger && calls.poll() == null ? 1 : 0;
  }
}
