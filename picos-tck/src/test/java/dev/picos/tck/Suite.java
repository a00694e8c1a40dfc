package dev.picos.tck;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What came of a suite: the identifiers of its rules, and what each threw. */
final class Suite implements TestExecutionListener {
  private static final int TRIES = 50;

  /**
   * Rules that have garbage collected, which takes longer than all else. They are put to schedulers
   * that keep something, and to those that fail one of them for another reason.
   */
  private static final Set<String> ABOUT_GARBAGE =
      Set.of("TIME-19", "TIME-20", "SPACE-03", "SPACE-04", "SPACE-05");

  final Map<String, String> passed = new TreeMap<>();
  final Map<String, String> skipped = new TreeMap<>();
  final Map<String, String> failed = new TreeMap<>();

  private Suite() {}

  /**
   * Puts the contract to a scheduler with a flaw. What fails by chance is left out; a rule that is
   * expected to fail may need a race to go wrong, and is given several tries.
   */
  static Suite run(Flaw flaw) {
    Suite suite = new Suite();
    boolean keeps =
        flaw == Flaw.NONE
            || flaw.broken.stream().anyMatch(id -> ABOUT_GARBAGE.contains(id) || isOfSpace(id));
    suite.put(flaw, id -> keeps || !ABOUT_GARBAGE.contains(id));
    for (int i = 1; i < TRIES && !suite.failed.keySet().containsAll(flaw.broken); i++) {
      suite.put(flaw, id -> flaw.broken.contains(id) && !suite.failed.containsKey(id));
    }
    suite.failed.keySet().removeAll(flaw.brokenByChance);
    return suite;
  }

  /** Puts some rules of a contract. */
  private void put(Flaw flaw, Predicate<String> rules) {
    LauncherConfig withoutOtherListeners =
        LauncherConfig.builder()
            .enableLauncherSessionListenerAutoRegistration(false)
            .enableTestExecutionListenerAutoRegistration(false)
            .build();
    LauncherFactory.create(withoutOtherListeners)
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(BatonContract.class))
                .configurationParameter(BatonContract.FLAW, flaw.name())
                .filters(
                    (PostDiscoveryFilter)
                        rule ->
                            FilterResult.includedIf(
                                rule.isContainer() || rules.test(id(rule.getDisplayName()))))
                .build(),
            this);
  }

  private static boolean isOfSpace(String id) {
    return id.startsWith("SPACE") || id.equals("TIME-08");
  }

  private static String id(String displayName) {
    return displayName.split(":")[0];
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (test.isContainer()) {
      return;
    }
    Map<String, String> outcome =
        switch (result.getStatus()) {
          case SUCCESSFUL -> passed;
          case ABORTED -> skipped;
          case FAILED -> failed;
        };
    outcome.put(
        id(test.getDisplayName()), result.getThrowable().map(Throwable::getMessage).orElse(""));
  }
}
