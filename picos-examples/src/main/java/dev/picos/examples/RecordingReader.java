package dev.picos.examples;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.LongStream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordedThread;
import org.jspecify.annotations.Nullable;

/** Adds up the events of a recording, which come in no certain order. */
final class RecordingReader {
  private static final class Waits {
    final LongStream.Builder nanos = LongStream.builder();
    int canceled;
  }

  /**
   * What the JDK tells, which knows nothing of fibers: the thread may have one of ours, or none.
   */
  private record InTheJdk(
      boolean isPinned, long thread, Instant start, WaitPlace place, long nanos) {}

  private final Map<WaitRow.Key, Waits> waits = new HashMap<>();
  private final List<InTheJdk> inTheJdk = new ArrayList<>();
  private final Map<String, Integer> pinned = new TreeMap<>();
  private int started;
  private int ended;
  private int stolen;

  /** What one event tells of the fiber that a thread has: its name is known at its end. */
  private record Seen(String scheduler, @Nullable String fiber) {}

  /** By the number of a thread: when it had which fiber. */
  private final Map<Long, NavigableMap<Instant, Seen>> seen = new HashMap<>();

  void add(RecordedEvent event) {
    String type = event.getEventType().getName();
    switch (type) {
      case "dev.picos.FiberStart" -> {
        started++;
        see(event, null);
      }
      case "dev.picos.FiberEnd" -> {
        ended++;
        see(event, fiber(event));
      }
      case "dev.picos.FiberWait" -> {
        see(event, fiber(event));
        add(
            new WaitRow.Key(scheduler(event), fiber(event), WaitPlace.of(event.getStackTrace())),
            event.getDuration().toNanos(),
            event.getBoolean("canceled"));
      }
      case "dev.picos.FibersStolen" -> stolen += event.getInt("fibers");
      case "dev.picos.FiberPinned" -> {
        String place = event.getString("place");
        addPinned(event.getEventType().getLabel(), fiber(event), place.equals("null") ? "" : place);
      }
      default -> {
        if (FlightRecorder.TOLD_BY_THE_JDK.contains(type)) {
          addInTheJdk(event, type.equals("jdk.VirtualThreadPinned"));
        }
      }
    }
  }

  private void see(RecordedEvent event, @Nullable String fiber) {
    RecordedThread thread = event.getThread();
    if (thread != null) {
      seen.computeIfAbsent(thread.getJavaThreadId(), none -> new TreeMap<>())
          .put(event.getEndTime(), new Seen(scheduler(event), fiber));
    }
  }

  private static String fiber(RecordedEvent event) {
    String name = event.getString("fiber");
    return name.isEmpty() ? "unnamed" : name;
  }

  /** The kind of the scheduler: runs of a random one have a seed each, in brackets. */
  private static String scheduler(RecordedEvent event) {
    String scheduler = event.getString("scheduler");
    int details = scheduler.indexOf('[');
    return details < 0 ? scheduler : scheduler.substring(0, details);
  }

  private void addInTheJdk(RecordedEvent event, boolean isPinned) {
    RecordedThread thread = event.getThread();
    RecordedStackTrace stack = event.getStackTrace();
    if (thread != null && thread.isVirtual() && !isOfTheRecorder(stack)) {
      inTheJdk.add(
          new InTheJdk(
              isPinned,
              thread.getJavaThreadId(),
              event.getStartTime(),
              WaitPlace.of(event.getEventType().getLabel(), stack),
              event.getDuration().toNanos()));
    }
  }

  /** Whether a fiber waited because it was recorded, such as for the first event of a type. */
  private static boolean isOfTheRecorder(@Nullable RecordedStackTrace stack) {
    return stack != null
        && stack.getFrames().stream()
            .map(frame -> frame.getMethod().getType().getName())
            .anyMatch(
                type ->
                    type.startsWith("jdk.jfr.")
                        || type.equals("dev.picos.domains.FlightRecording"));
  }

  private void addPinned(String event, String name, String place) {
    String where = place.isEmpty() ? WaitPlace.UNKNOWN : place;
    pinned.merge(event + ", " + name + " at " + where, 1, Integer::sum);
  }

  private void add(WaitRow.Key key, long nanos, boolean canceled) {
    Waits ofKey = waits.computeIfAbsent(key, none -> new Waits());
    ofKey.nanos.add(nanos);
    ofKey.canceled += canceled ? 1 : 0;
  }

  /** Called once, after the last event. */
  WaitSummary summary() {
    for (InTheJdk wait : inTheJdk) {
      NavigableMap<Instant, Seen> ofThread = seen.get(wait.thread);
      if (ofThread == null) {
        continue; // a virtual thread, but no fiber on a domain
      }
      Seen fiber = fiberAt(wait.start, ofThread);
      String name = fiber.fiber == null ? "?" : fiber.fiber;
      if (wait.isPinned) {
        addPinned(wait.place.operation(), name, wait.place.caller());
      } else {
        add(new WaitRow.Key(fiber.scheduler, name, wait.place), wait.nanos, false);
      }
    }
    List<WaitRow> rows = new ArrayList<>();
    waits.forEach(
        (key, of) -> rows.add(new WaitRow(key, of.nanos.build().sorted().toArray(), of.canceled)));
    rows.sort(WaitRow.LONGEST_FIRST);
    return new WaitSummary(rows, started, ended, stolen, pinned);
  }

  /**
   * Returns the fiber that a thread had at {@code time}. It is that of the next event, which tells
   * its name, unless that is the start of another one, or there is none since the fiber has gone on
   * beyond the recording. Then only its scheduler is known, from the last event before.
   */
  private static Seen fiberAt(Instant time, NavigableMap<Instant, Seen> ofThread) {
    Map.Entry<Instant, Seen> next = ofThread.ceilingEntry(time);
    if (next != null && next.getValue().fiber != null) {
      return next.getValue();
    }
    Map.Entry<Instant, Seen> last = ofThread.floorEntry(time);
    Seen near = last == null ? ofThread.firstEntry().getValue() : last.getValue();
    return new Seen(near.scheduler, null);
  }
}
