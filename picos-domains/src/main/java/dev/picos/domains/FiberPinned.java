package dev.picos.domains;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** In a flight recording: a fiber keeps its carrier thread while it waits. */
@Name("dev.picos.FiberPinned")
@Label("Fiber Pinned")
@Description(
    "A fiber keeps its carrier thread while it waits; another domain goes on with the other fibers")
@Category("Picos")
@StackTrace(false)
@Enabled(false)
final class FiberPinned extends Event {
  static final FiberPinned SETTING = new FiberPinned();

  @Label("Fiber")
  @Description("The name of its thread, which may be empty")
  String fiber = "";

  @Label("Scheduler")
  String scheduler = "";

  @Label("Place")
  @Description("Where the fiber is, as far as it is in the program")
  String place = "";

  @Label("Sign")
  @Description("How that was found out")
  String sign = "";
}
