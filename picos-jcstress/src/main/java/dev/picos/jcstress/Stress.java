package dev.picos.jcstress;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.openjdk.jcstress.Options;
import org.openjdk.jcstress.TestExecutor;
import org.openjdk.jcstress.infra.Status;
import org.openjdk.jcstress.infra.TestInfo;
import org.openjdk.jcstress.infra.collectors.TestResult;
import org.openjdk.jcstress.infra.grading.ReportUtils;
import org.openjdk.jcstress.infra.runners.TestConfig;
import org.openjdk.jcstress.infra.runners.TestList;
import org.openjdk.jcstress.os.AffinityMode;
import org.openjdk.jcstress.os.Scheduler;
import org.openjdk.jcstress.os.SchedulingClass;
import org.openjdk.jcstress.os.topology.PresetRegularTopology;
import org.openjdk.jcstress.os.topology.Topology;
import org.openjdk.jcstress.os.topology.TopologyParseException;
import org.openjdk.jcstress.vm.CompileMode;
import org.openjdk.jcstress.vm.VMSupport;

/**
 * jcstress, put together from its parts.
 *
 * <p>The main class of jcstress cannot do what we need: tell how each test went when it is
 * finished, stop a twin that has been caught without probing the JVM anew for each attempt, and run
 * a test that has more actors than there are processors. Such a test shows fewer interleavings, but
 * more than none.
 */
final class Stress {
  private static final String OPENS = "--add-opens=java.base/java.lang=ALL-UNNAMED";

  private final Options options;

  /**
   * The options for more actors than processors: an actor that waits for others gives up its
   * processor.
   */
  private final Options crowded;

  /**
   * The JVMs that a test is run in: in this order interpreted, C1, C2, and C2 that shuffles code.
   */
  private final List<VMSupport.Config> jvms;

  private Stress(Options options, Options crowded, List<VMSupport.Config> jvms) {
    this.options = options;
    this.crowded = crowded;
    this.jvms = jvms;
  }

  /** What is run for every change: compiled code only, for a moment. */
  static Stress quick() throws IOException {
    Stress all = prepare("150", "2");
    return new Stress(
        all.options,
        all.crowded,
        all.jvms.stream().filter(jvm -> !jvm.origArgs().contains("-Xint")).toList());
  }

  static Stress full() throws IOException {
    return prepare("500", "5");
  }

  /** Finds out what the JVM can do, which takes some seconds. */
  private static Stress prepare(String millis, String iterations) throws IOException {
    Options options = options(millis, iterations, "THREAD_SPIN_WAIT");
    Options crowded = options(millis, iterations, "THREAD_YIELD");
    VMSupport.initFlags(options);
    VMSupport.detectAvailableVMConfigs(false, List.of(), List.of(OPENS));
    return new Stress(options, crowded, VMSupport.getAvailableVMConfigs());
  }

  private static Options options(String millis, String iterations, String spinning)
      throws IOException {
    // This is a tenth of the default footprint: before each run, jcstress tries out how much it may
    // use, and that would take longer than the run.
    String line = "-time %s -iters %s -spinStyle %s -strideSize 128 -strideCount 10 -pth false";
    Options options = new Options(line.formatted(millis, iterations, spinning).split(" ", -1));
    if (!options.parse()) {
      throw new IllegalStateException("jcstress refuses: " + line);
    }
    return options;
  }

  /** Runs a test in each JVM; returns everything that happened. */
  TestResult run(String test) throws IOException {
    return run(TestList.getInfo(test), jvms);
  }

  /** Runs a twin until it is caught, or until patience is over; returns what happened last. */
  TestResult runUntilCaught(String twin, Duration patience) throws IOException {
    long start = System.nanoTime();
    List<VMSupport.Config> toughestFirst = new ArrayList<>(jvms);
    Collections.reverse(toughestFirst);
    TestResult result;
    do {
      VMSupport.Config jvm = toughestFirst.getFirst();
      result = run(TestList.getInfo(twin), List.of(jvm));
      Collections.rotate(toughestFirst, -1);
    } while (!isCaught(result) && System.nanoTime() - start < patience.toNanos());
    return result;
  }

  static boolean isCaught(TestResult result) {
    return result.status() == Status.NORMAL && !result.grading().isPassed;
  }

  private TestResult run(TestInfo test, List<VMSupport.Config> jvms) throws IOException {
    int cpus = Math.max(options.getCPUCount(), test.threads());
    Options how = test.threads() <= options.getCPUCount() ? options : crowded;
    Topology topology = topology(cpus);
    SchedulingClass anywhere =
        new SchedulingClass(AffinityMode.NONE, test.threads(), topology.nodeType());
    List<TestConfig> configs = new ArrayList<>();
    for (VMSupport.Config jvm : jvms) {
      configs.add(new TestConfig(how, test, 0, jvm.args(), CompileMode.UNIFIED, anywhere));
    }
    List<TestResult> results = Collections.synchronizedList(new ArrayList<>());
    new TestExecutor(options.verbosity(), results::add, new Scheduler(topology, cpus))
        .runAll(configs);
    return ReportUtils.mergedByName(results).getFirst();
  }

  private static Topology topology(int cpus) {
    try {
      return new PresetRegularTopology(1, cpus, 1);
    } catch (TopologyParseException e) {
      throw new IllegalStateException(e);
    }
  }
}
