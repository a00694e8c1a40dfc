package dev.picos.domains;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** In a flight recording: a fiber was suspended. */
@Name("dev.picos.FiberWait")
@Label("Fiber Wait")
@Description("A fiber was suspended in an operation, until it was woken and had its turn")
@Category("Picos")
@Enabled(false)
final class FiberWait extends Event {
  static final FiberWait SETTING = new FiberWait();

  @Label("Fiber")
  @Description("The name of its thread, which may be empty")
  String fiber = "";

  @Label("Scheduler")
  String scheduler = "";

  @Label("Canceled")
  @Description("Whether the fiber was canceled by the time it went on")
  boolean canceled;
}
