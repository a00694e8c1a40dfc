package dev.picos.domains;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** In a flight recording: a domain has taken fibers from another one. */
@Name("dev.picos.FibersStolen")
@Label("Fibers Stolen")
@Description("A domain that had no fiber of its own has taken some from another domain")
@Category("Picos")
@StackTrace(false)
@Enabled(false)
final class FibersStolen extends Event {
  static final FibersStolen SETTING = new FibersStolen();

  @Label("Fibers")
  int fibers;
}
