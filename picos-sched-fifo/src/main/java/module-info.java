import org.jspecify.annotations.NullMarked;

/** The scheduler for one domain, in strict FIFO order. */
@NullMarked
module dev.picos.sched.fifo {
  requires transitive dev.picos.core;
  requires transitive dev.picos.domains;
  requires static transitive org.jspecify;

  exports dev.picos.sched.fifo;
}
