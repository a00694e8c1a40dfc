package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ComputationExceptionTest {
  @Test
  void runtimeException_isReturnedAsItIs() {
    // An unchecked reason is thrown as it is
    RuntimeException reason = new IllegalArgumentException();

    RuntimeException unchecked = ComputationException.unchecked(reason);

    assertThat(unchecked).isSameAs(reason);
  }

  @Test
  void error_isThrownAsItIs() {
    // So is an error
    Error reason = new StackOverflowError();

    assertThatThrownBy(() -> ComputationException.unchecked(reason)).isSameAs(reason);
  }

  @Test
  void checkedException_isWrapped() {
    // A checked reason becomes the cause of an unchecked exception
    Exception reason = new IOException("reason");

    RuntimeException unchecked = ComputationException.unchecked(reason);

    assertThat(unchecked).isInstanceOf(ComputationException.class).cause().isSameAs(reason);
  }

  @Test
  void throwable_isWrapped() {
    // a reason that is neither an exception nor an error is wrapped too
    Throwable reason = new Throwable("reason");

    RuntimeException unchecked = ComputationException.unchecked(reason);

    assertThat(unchecked).isInstanceOf(ComputationException.class).cause().isSameAs(reason);
  }

  @Test
  void computationException_isNotWrappedAgain() {
    // a reason that carries another already is thrown as it is
    RuntimeException reason = ComputationException.unchecked(new IOException());

    assertThat(ComputationException.unchecked(reason)).isSameAs(reason);
  }

  @Test
  void null_isRefused() {
    // null is not a reason: a caller who forgot to look at the result of an await learns of it here
    assertThatNullPointerException().isThrownBy(() -> ComputationException.unchecked(null));
  }
}
