import org.jspecify.annotations.NullMarked;

/**
 * The interface between schedulers and concurrency libraries: {@link dev.picos.core.Trigger},
 * {@link dev.picos.core.Computation} and {@link dev.picos.core.Fiber}, and the five operations of
 * {@link dev.picos.core.Handler}. It depends on nothing but annotations.
 */
@NullMarked
@SuppressWarnings("module") // the qualified export names modules that are compiled later
module dev.picos.core {
  requires static transitive org.jspecify;

  exports dev.picos.core;
  exports dev.picos.core.internal to
      dev.picos.domains,
      dev.picos.interop,
      dev.picos.std;

  uses dev.picos.core.Point.Explorer;
}
