package dev.picos.spring.boot;

import dev.picos.domains.MissingFlagException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Has Boot say, in place of a stack trace, which flag a scheduler lacks. */
final class MissingFlagFailureAnalyzer extends AbstractFailureAnalyzer<MissingFlagException> {
  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, MissingFlagException cause) {
    return new FailureAnalysis(
        cause.getMessage(),
        "Start the application with that flag, or choose picos.scheduler=threads, which needs none.",
        cause);
  }
}
