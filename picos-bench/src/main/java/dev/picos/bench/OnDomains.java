package dev.picos.bench;

import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A benchmark that runs on one domain and on two, and gives the rivals as many threads. */
@State(Scope.Benchmark)
public abstract class OnDomains extends Settings {
  /** One is fifo's, more are multififo's. */
  @Param({"1", "2"})
  public int domains;

  /** Has them. */
  protected Scheduler scheduler = ThreadScheduler.create();

  /** For subclasses. */
  protected OnDomains() {}

  /** Chooses the scheduler, after it has limited the pools of the rivals. */
  @Setup
  public void setUp() {
    Pools.limit(domains);
    scheduler =
        domains == 1
            ? FifoScheduler.create()
            : MultiFifoScheduler.builder().domains(domains).build();
  }
}
