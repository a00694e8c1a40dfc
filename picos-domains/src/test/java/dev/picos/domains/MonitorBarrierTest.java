package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.testing.Task;
import java.lang.reflect.Method;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class MonitorBarrierTest {
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void passes_whileStacksAreLookedAt() throws Exception {
    // the JVM takes a thread out of its state to look at the stack, and a slice does nothing then
    AtomicBoolean stop = new AtomicBoolean();
    Task<Boolean> looker = Task.start(() -> lookUntil(stop));
    try {
      for (int i = 0; i < 2_000; i++) {
        MonitorBarrier.await();
      }
    } finally {
      stop.set(true);
    }

    assertThat(looker.result()).isTrue();
  }

  private static boolean lookUntil(AtomicBoolean stop) throws ReflectiveOperationException {
    Object root = JdkInternals.method(JdkInternals.type("ThreadContainers"), "root").invoke(null);
    Method threads = JdkInternals.method(JdkInternals.type("ThreadContainer"), "threads");
    while (!stop.get()) {
      ((Stream<?>) threads.invoke(root)).forEach(each -> look((Thread) each));
    }
    return true;
  }

  private static void look(Thread thread) {
    StackTraceElement[] unused = thread.getStackTrace();
  }
}
