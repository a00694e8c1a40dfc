package dev.picos.domains;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** In a flight recording: a domain of the pool ran a task. */
@Name("dev.picos.DomainLent")
@Label("Domain Lent")
@Description("A domain of the shared pool ran a task, such as a scheduler")
@Category("Picos")
@StackTrace(false)
final class DomainLent extends Event {
  @Label("Domain")
  int domain;

  @Label("Task")
  String task = "";

  /** Ends the event. */
  void commit(Domain domain, DomainTask task) {
    end();
    if (shouldCommit()) {
      this.domain = domain.id();
      this.task = nameOf(task);
      commit();
    }
  }

  private static String nameOf(DomainTask task) {
    try {
      return task.toString();
    } catch (RuntimeException e) {
      return task.getClass().getName(); // the domain has to go on
    }
  }
}
