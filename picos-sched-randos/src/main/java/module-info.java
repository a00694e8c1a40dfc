import org.jspecify.annotations.NullMarked;

/** The scheduler for tests: it picks the next fiber at random, as a seed determines. */
@NullMarked
module dev.picos.sched.randos {
  requires transitive dev.picos.core;
  requires transitive dev.picos.domains;
  requires static transitive org.jspecify;

  exports dev.picos.sched.randos;
}
