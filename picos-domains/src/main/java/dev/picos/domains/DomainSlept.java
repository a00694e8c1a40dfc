package dev.picos.domains;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** In a flight recording: a domain had nothing to do. */
@Name("dev.picos.DomainSlept")
@Label("Domain Slept")
@Description("A domain waited for a task, for work of its own, or for a fiber to become ready")
@Category("Picos")
@StackTrace(false)
final class DomainSlept extends Event {
  @Label("Domain")
  @Description("Its number in the pool; -1 for an extra domain")
  int domain;

  /** Ends the event. */
  void commit(Domain domain) {
    end();
    if (shouldCommit()) {
      this.domain = domain.id();
      commit();
    }
  }
}
