import org.jspecify.annotations.NullMarked;

/**
 * What every scheduler author needs and none should write again: the shared pool of {@linkplain
 * dev.picos.domains.Domains domains}, the {@linkplain dev.picos.domains.Execution execution} of
 * fibers on them, and {@linkplain dev.picos.domains.Timer timers}.
 *
 * <p>It needs {@code --add-opens java.base/java.lang=dev.picos.domains}. Where the module {@code
 * jdk.jfr} is, flight recordings show what domains do.
 */
@NullMarked
module dev.picos.domains {
  requires transitive dev.picos.core;
  requires static jdk.jfr; // without it there are no events
  requires static java.management; // without it a domain that stands still is not told from one
  // that computes
  requires static transitive org.jspecify;

  exports dev.picos.domains;
}
