import org.jspecify.annotations.NullMarked;

/** The contract of a scheduler as a JUnit suite: extend {@link dev.picos.tck.SchedulerContract}. */
@NullMarked
module dev.picos.tck {
  requires transitive dev.picos.core;
  requires transitive org.junit.jupiter.api;
  requires static transitive org.jspecify;

  exports dev.picos.tck;

  opens dev.picos.tck to
      org.junit.platform.commons;
}
