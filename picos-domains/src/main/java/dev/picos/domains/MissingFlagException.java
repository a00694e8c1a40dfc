package dev.picos.domains;

import java.io.Serial;

/**
 * The JVM was started without the flag that lets this module schedule virtual threads itself. The
 * message says which flag that is, and the ways to set it.
 */
public final class MissingFlagException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1L;

  MissingFlagException(Throwable cause) {
    super(message(cause), cause);
  }

  private static String message(Throwable cause) {
    Module module = MissingFlagException.class.getModule();
    String target = module.isNamed() ? module.getName() : "ALL-UNNAMED";
    String flag = "--add-opens=java.base/java.lang=" + target;
    return "Picos schedulers run fibers as virtual threads of their own, and this JVM ("
        + Runtime.version()
        + ") does not let them: "
        + cause.getMessage()
        + "\n  On the command line:     java "
        + flag
        + " ...\n  In an executable jar:    the manifest attribute  Add-Opens: java.base/java.lang"
        + "   (for java -jar and the class path)"
        + "\n  In Maven's tests:        <argLine>"
        + flag
        + "</argLine>  in the configuration of maven-surefire-plugin"
        + "\n  Without any flag:        ThreadScheduler.create() of picos-core";
  }
}
