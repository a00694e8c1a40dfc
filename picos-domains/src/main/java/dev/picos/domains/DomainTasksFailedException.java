package dev.picos.domains;

import java.io.Serial;
import java.util.List;

/**
 * Some tasks that domains ran threw. What they threw is suppressed in this, in order of occurrence.
 */
public final class DomainTasksFailedException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  DomainTasksFailedException(List<Throwable> failures) {
    super(failures.size() + " task(s) of domains threw; a scheduler has a defect");
    failures.forEach(this::addSuppressed);
  }
}
