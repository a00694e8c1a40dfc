package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What is said where virtual threads cannot be scheduled. */
class VirtualThreadsTest {
  @Test
  void jdkWithOtherFields_isToldSoAndNotToAddTheFlag() {
    // the tests run with the flag, so something else is missing where a field cannot be found
    NoSuchFieldException failure = new NoSuchFieldException("parkPermit");

    IllegalStateException refusal = VirtualThreadsOnExecutors.refusal(failure);

    assertThat(refusal)
        .isInstanceOf(UnsupportedJvmException.class)
        .hasCause(failure)
        .hasMessageContaining("NoSuchFieldException: parkPermit")
        .hasMessageContaining("21 to 25")
        .hasMessageContaining("ThreadScheduler.create()");
    assertThat(refusal.getMessage()).doesNotContain("add-opens");
  }
}
