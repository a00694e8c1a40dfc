package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What is read out of the JDK's dump of all threads. */
class MonitorDumpTest {
  private static String thread(int id, String properties) {
    return "{ \"tid\": \"" + id + "\", \"name\": \"\\\"tid\\\": 9\", " + properties + " }\n";
  }

  private static String owns(String... monitors) {
    return "\"monitorsOwned\": [ { \"depth\": 3, \"locks\": [ \""
        + String.join("\", \"", monitors)
        + "\" ] } ]";
  }

  @Test
  void threadThatIsBlocked_waitsForWhatAnotherOwns() {
    MonitorDump dump =
        MonitorDump.parse(
            thread(1, "\"blockedOn\": \"a@1\", " + owns("[Lb;@2"))
                + thread(2, "\"blockedOn\": \"[Lb;@2\", " + owns("a@1")));

    assertThat(dump.awaitedBy(1)).isEqualTo("a@1");
    assertThat(dump.awaitedBy(2)).isEqualTo("[Lb;@2");
    assertThat(dump.ownerOf("a@1")).isEqualTo(2);
    assertThat(dump.ownerOf("[Lb;@2")).isEqualTo(1);
  }

  @Test
  void threadInObjectWait_hasGivenUpItsMonitor() {
    // the dump says that it owns the monitor; once Object.wait is compiled, that is all it says
    String stack =
        "\"stack\": [\n \"java.base\\/java.lang.Object.wait0(Native Method)\", \"x\" ], ";
    MonitorDump dump =
        MonitorDump.parse(
            thread(1, "\"waitingOn\": \"a@1\", " + stack + owns("a@1", "b@2"))
                + thread(2, stack + owns("c@3"))
                + thread(3, stack + owns("d@4", "e@5")));

    assertThat(dump.awaitedBy(1)).isEqualTo("a@1");
    assertThat(dump.awaitedBy(2)).isEqualTo("c@3");
    assertThat(dump.awaitedBy(3)).as("one of two, but which?").isNull();
    assertThat(dump.ownerOf("a@1")).isNull();
    assertThat(dump.ownerOf("b@2")).isEqualTo(1);
    assertThat(dump.ownerOf("c@3")).isNull();
    assertThat(dump.ownerOf("d@4")).isNull();
  }
}
