import org.jspecify.annotations.NullMarked;

/**
 * Bridges between fibers and what Java programs use: see {@link dev.picos.interop.FiberExecutor}
 * and {@link dev.picos.interop.Interop}.
 */
@NullMarked
module dev.picos.interop {
  requires transitive dev.picos.core;
  requires transitive dev.picos.std;
  requires static transitive org.jspecify;

  exports dev.picos.interop;
}
