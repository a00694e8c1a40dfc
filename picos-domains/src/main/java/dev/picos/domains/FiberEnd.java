package dev.picos.domains;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** In a flight recording: a fiber has ended. */
@Name("dev.picos.FiberEnd")
@Label("Fiber End")
@Description("A fiber has ended; its thread may go on with another one")
@Category("Picos")
@StackTrace(false)
@Enabled(false)
final class FiberEnd extends Event {
  static final FiberEnd SETTING = new FiberEnd();

  @Label("Fiber")
  @Description("The name of its thread, which may be empty")
  String fiber = "";

  @Label("Scheduler")
  String scheduler = "";
}
