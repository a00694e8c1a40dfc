package dev.picos.domains;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which monitors threads wait for and own, virtual ones included. A monitor is named by the class
 * and identity hash of its object.
 */
final class MonitorDump {
  // For maintainers.
  //
  // The JDK tells this about virtual threads in its dump of all threads alone, from 25 on. Before,
  // nothing does: a ThreadMXBean does not know virtual threads, and of a carrier that one keeps
  // while it waits for a monitor, it says on 21 that it waits for that thread. The dump is a file
  // in a documented format of JSON. What we look for there are properties whose values hold neither
  // quotes nor brackets that close. Inside of other values, such as the names of threads, quotes
  // are escaped, so nothing there looks like one of these properties.
  //
  // A thread in Object.wait is said to own the monitor that it has given up meanwhile; so a thread
  // does not own what it awaits. Once the JVM has compiled Object.wait it does not tell any more
  // what is awaited there. If the thread seems to own one monitor, it is that one; if there are
  // several, nothing is said about any of them, rather than what may be wrong.

  private static final int FIRST_WITH_MONITORS = 25;
  private static final Pattern PROPERTY =
      Pattern.compile(
          "\"tid\": \"?(?<thread>\\d+)"
              + "|\"(?:blockedOn|waitingOn)\": \"(?<awaited>[^\"]+)\""
              + "|\"stack\": \\[\\s*\"[^\"]*java\\.lang\\.Object\\.(?<wait>wait)"
              + "|\"locks\": \\[(?<locks>[^\\]]*)]");
  private static final Pattern NAME = Pattern.compile("\"([^\"]+)\"");

  /** Tells nothing. */
  static final MonitorDump NONE = new MonitorDump();

  private final Map<Long, String> awaited = new HashMap<>();
  private final Map<String, Long> owners = new HashMap<>();

  private MonitorDump() {}

  /** What the dump says about one thread. */
  private static final class Entry {
    final long thread;
    final Set<String> locks = new HashSet<>();
    @Nullable String awaited;
    boolean isInWait;

    Entry(long thread) {
      this.thread = thread;
    }
  }

  /** Finds out; the dump tells nothing if the JVM does not, or if no file can be written. */
  static MonitorDump take() {
    if (Runtime.version().feature() < FIRST_WITH_MONITORS) {
      return NONE;
    }
    try {
      return parse(allThreads());
    } catch (IOException | RuntimeException | LinkageError e) {
      return NONE; // a JVM without jdk.management, among others
    }
  }

  private static String allThreads() throws IOException {
    Path directory = Files.createTempDirectory("picos");
    Path file = directory.resolve("threads.json");
    try {
      ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
          .dumpThreads(file.toString(), ThreadDumpFormat.JSON);
      return Files.readString(file);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }

  static MonitorDump parse(String json) {
    MonitorDump dump = new MonitorDump();
    Entry entry = new Entry(0);
    Matcher properties = PROPERTY.matcher(json);
    while (properties.find()) {
      String thread = properties.group("thread");
      String awaited = properties.group("awaited");
      String locks = properties.group("locks");
      if (thread != null) {
        dump.add(entry);
        entry = new Entry(Long.parseLong(thread));
      } else if (awaited != null) {
        entry.awaited = awaited;
      } else if (locks != null) {
        NAME.matcher(locks).results().map(name -> name.group(1)).forEach(entry.locks::add);
      } else {
        entry.isInWait = true;
      }
    }
    dump.add(entry);
    return dump;
  }

  private void add(Entry entry) {
    String monitor = entry.awaited;
    if (monitor == null && entry.isInWait) {
      if (entry.locks.size() != 1) {
        return;
      }
      monitor = entry.locks.iterator().next();
    }
    if (monitor != null) {
      awaited.put(entry.thread, monitor);
      entry.locks.remove(monitor);
    }
    entry.locks.forEach(lock -> owners.put(lock, entry.thread));
  }

  /** Returns the monitor that the thread of that id waits to enter, or in {@link Object#wait}. */
  @Nullable String awaitedBy(long thread) {
    return awaited.get(thread);
  }

  /** Returns the id of the thread that owns the monitor; {@code null} if none is known to do so. */
  @Nullable Long ownerOf(String monitor) {
    return owners.get(monitor);
  }
}
