package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.picos.std.structured.TerminateException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TerminateTest {
  @Test
  void unlessAskedFor_noStackTrace() {
    // Without a number of frames there is no trace, and none can be added
    TerminateException terminate = new TerminateException();
    terminate.setStackTrace(new RuntimeException("trace").getStackTrace());

    assertThat(terminate.getStackTrace()).isEmpty();
    assertThat(terminate).hasNoCause();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 5})
  void asked_atMostSoManyFrames(int frames) {
    // N frames give a trace of at most n, and it begins with the caller
    TerminateException terminate = deep(20, frames);

    assertThat(terminate.getStackTrace())
        .hasSize(frames)
        .allSatisfy(frame -> assertThat(frame.getMethodName()).isEqualTo("deep"));
  }

  private static TerminateException deep(int depth, int frames) {
    return depth == 0 ? new TerminateException(frames) : deep(depth - 1, frames);
  }

  @Test
  void asked_moreThanThereAre() {
    // A shallow stack gives what it has
    assertThat(new TerminateException(1_000_000).getStackTrace()[0].getMethodName())
        .isEqualTo("asked_moreThanThereAre");
  }

  @Test
  void negativeFrames() {
    // a negative number of frames is refused
    assertThatIllegalArgumentException().isThrownBy(() -> new TerminateException(-1));
  }
}
