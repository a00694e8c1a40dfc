package dev.picos.tck;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Map;
import java.util.TreeMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What came of a suite: the identifiers of its rules, and what each threw. */
final class Suite implements TestExecutionListener {
  final Map<String, String> passed = new TreeMap<>();
  final Map<String, String> skipped = new TreeMap<>();
  final Map<String, String> failed = new TreeMap<>();

  private Suite() {}

  /** Puts the contract to a scheduler with a flaw. What fails by chance is left out. */
  static Suite run(Class<? extends BatonContract> contract, Flaw flaw) {
    Suite suite = new Suite();
    LauncherConfig withoutOtherListeners =
        LauncherConfig.builder()
            .enableLauncherSessionListenerAutoRegistration(false)
            .enableTestExecutionListenerAutoRegistration(false)
            .build();
    LauncherFactory.create(withoutOtherListeners)
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(contract))
                .configurationParameter(BatonContract.FLAW, flaw.name())
                .build(),
            suite);
    suite.failed.keySet().removeAll(flaw.brokenByChance);
    return suite;
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
        test.getDisplayName().split(":")[0],
        result.getThrowable().map(Throwable::getMessage).orElse(""));
  }
}
