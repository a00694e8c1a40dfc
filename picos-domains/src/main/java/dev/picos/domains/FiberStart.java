package dev.picos.domains;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** In a flight recording: a fiber has its first turn. */
@Name("dev.picos.FiberStart")
@Label("Fiber Start")
@Description("A fiber has its first turn, in a thread that earlier fibers may have had before")
@Category("Picos")
@StackTrace(false)
@Enabled(false)
final class FiberStart extends Event {
  static final FiberStart SETTING = new FiberStart();

  @Label("Scheduler")
  String scheduler = "";
}
