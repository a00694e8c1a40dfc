package dev.picos.domains;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when the JVM was started without the flag that lets this module schedule virtual threads
 * itself. The message says which flag that is, and the ways to set it.
 */
public final class MissingFlagException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1L;

  MissingFlagException(@Nullable Throwable cause) {
    super(message(), cause);
  }

  private static String message() {
    Module module = MissingFlagException.class.getModule();
    String target = module.isNamed() ? module.getName() : "ALL-UNNAMED";
    String flag = "--add-opens=java.base/java.lang=" + target;
    return "Picos schedulers run fibers as virtual threads of their own, and this JVM ("
        + Runtime.version()
        + ") does not let them: java.lang is not open to "
        + (module.isNamed() ? module.getName() : "the class path")
        + "\n  On the command line:     java "
        + flag
        + " ...\n  In an executable jar:    the manifest attribute  Add-Opens: java.base/java.lang"
        + "   (for java -jar and the class path)"
        + "\n  In Maven's tests:        <argLine>"
        + flag
        + "</argLine>  in the configuration of maven-surefire-plugin"
        + "\n  In Gradle's tests:       tasks.test { jvmArgs(\""
        + flag
        + "\") }"
        + "\n  Without any flag:        ThreadScheduler.create() of picos-core";
  }
}
