package dev.picos.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The properties of the JVM that the suite reads. */
class SettingsTest {
  @Test
  void settings_areReadAsTheDocumentationWritesThem() {
    assertThat(SchedulerContract.timeout("90s")).isEqualTo(Duration.ofSeconds(90));
    assertThat(SchedulerContract.timeout("5m")).isEqualTo(Duration.ofMinutes(5));
    assertThat(SchedulerContract.effort("10")).isEqualTo(10);
    assertThat(SchedulerContract.effort("0.1")).isEqualTo(0.1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"10", "abc", "", "0s", "-5s"})
  void timeout_refusesWhatIsNoTime_andSaysHowToWriteOne(String written) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SchedulerContract.timeout(written))
        .withMessage("picos.tck.timeout=%s: write a time of more than 0, as 10s or 5m", written);
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "", "0", "-1", "NaN", "Infinity"})
  void effort_refusesWhatIsNoNumber_andSaysHowToWriteOne(String written) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SchedulerContract.effort(written))
        .withMessage("picos.tck.effort=%s: write a number of more than 0, as 10 or 0.1", written);
  }
}
