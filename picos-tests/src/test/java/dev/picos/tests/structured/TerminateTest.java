package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.picos.std.structured.Terminate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TerminateTest {
  @Test
  void unlessAskedFor_noStackTrace() {
    // CT-13: without a number of frames there is no trace, and nothing can be added to it
    Terminate terminate = new Terminate();
    terminate.addSuppressed(new RuntimeException("suppressed"));
    terminate.setStackTrace(new RuntimeException("trace").getStackTrace());

    assertThat(terminate.getStackTrace()).isEmpty();
    assertThat(terminate.getSuppressed()).isEmpty();
    assertThat(terminate).hasNoCause();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 5})
  void asked_atMostSoManyFrames(int frames) {
    // CT-13: n frames give a trace of at most n, and it begins with the caller
    Terminate terminate = deep(20, frames);

    assertThat(terminate.getStackTrace())
        .hasSize(frames)
        .allSatisfy(frame -> assertThat(frame.getMethodName()).isEqualTo("deep"));
    assertThat(terminate.getSuppressed()).isEmpty();
  }

  private static Terminate deep(int depth, int frames) {
    return depth == 0 ? new Terminate(frames) : deep(depth - 1, frames);
  }

  @Test
  void asked_moreThanThereAre() {
    // CT-13: a shallow stack gives what it has
    assertThat(new Terminate(1_000_000).getStackTrace()[0].getMethodName())
        .isEqualTo("asked_moreThanThereAre");
  }

  @Test
  void negativeFrames() {
    // a negative number of frames is refused
    assertThatIllegalArgumentException().isThrownBy(() -> new Terminate(-1));
  }
}
