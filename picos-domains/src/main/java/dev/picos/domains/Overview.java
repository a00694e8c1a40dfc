package dev.picos.domains;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** What domains and fibers do at a certain moment, in words. */
final class Overview {
  private final Map<Execution, Fibers> executions = new HashMap<>();

  /** How many fibers of one execution have a thread, by what they do. */
  private static final class Fibers {
    int running;
    int ready;
    int waiting;

    int count() {
      return running + ready + waiting;
    }
  }

  private Overview() {}

  static String of(Domains pool, List<Domain> extra) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%d domains, %d of them idle",
            pool.size() + extra.size(),
            pool.idleCount()));
    Stream.concat(pool.all().stream(), extra.stream())
        .forEach(domain -> line(text, "  " + domain + " " + doing(domain)));
    Overview overview = new Overview();
    if (!ThreadTable.forEach(overview::add)) {
      line(text, "fibers are not known: this JVM keeps no table of its virtual threads");
    }
    overview.executions.entrySet().stream()
        .map(entry -> describe(entry.getKey(), entry.getValue()))
        .sorted(Comparator.naturalOrder())
        .forEach(described -> line(text, described));
    return text.toString();
  }

  private static void line(StringBuilder text, String line) {
    text.append(System.lineSeparator()).append(line);
  }

  private static String doing(Domain domain) {
    DomainTask task = domain.task();
    if (task != null) {
      return (domain.isOnOffer() ? "is idle for " : "runs ") + task;
    }
    return domain.isNew() ? "has no thread" : "is idle";
  }

  private void add(Thread thread) {
    Host host = HostLookup.host(thread);
    Execution execution = host == null ? null : host.executionOrNull();
    if (host == null || execution == null) {
      return;
    }
    Fibers fibers = executions.computeIfAbsent(execution, first -> new Fibers());
    if (host.isQueued()) {
      fibers.ready++;
    } else if (host.isRunning() || host.isWithoutSeat()) {
      fibers.running++;
    } else {
      fibers.waiting++;
    }
  }

  private static String describe(Execution execution, Fibers fibers) {
    long alive = Math.max(execution.alive(), fibers.count());
    return String.format(
        Locale.ROOT,
        "%s: %,d %s: %,d running, %,d ready, %,d waiting, %,d not started",
        execution,
        alive,
        alive == 1 ? "fiber" : "fibers",
        fibers.running,
        fibers.ready,
        fibers.waiting,
        alive - fibers.count());
  }
}
