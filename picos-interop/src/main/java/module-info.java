import org.jspecify.annotations.NullMarked;

/**
 * Bridges between fibers and what Java programs use: see {@link dev.picos.interop.FiberExecutor},
 * {@link dev.picos.interop.Interop} and {@link dev.picos.interop.EventLoopScheduler}.
 */
@NullMarked
@SuppressWarnings("requires-automatic") // the libraries of packages of their own
module dev.picos.interop {
  requires transitive dev.picos.core;
  requires transitive dev.picos.domains;
  requires transitive dev.picos.std;
  requires static context.propagation;
  requires static org.agrona;
  requires static transitive org.jspecify;

  exports dev.picos.interop;
  exports dev.picos.interop.agrona;
  exports dev.picos.interop.micrometer;
}
