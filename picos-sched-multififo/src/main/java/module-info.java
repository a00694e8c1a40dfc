import org.jspecify.annotations.NullMarked;

/** The scheduler for parallel work: several domains, a FIFO queue each. */
@NullMarked
module dev.picos.sched.multififo {
  requires transitive dev.picos.core;
  requires transitive dev.picos.domains;
  requires static transitive org.jspecify;

  exports dev.picos.sched.multififo;
}
