package dev.picos.interop.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Body;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.interop.FiberExecutor;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Inheritance;
import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ContextSnapshotFactory;
import io.micrometer.context.ThreadLocalAccessor;
import io.micrometer.context.integration.Slf4jThreadLocalAccessor;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.ContextKey;
import io.opentelemetry.context.Scope;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/** The contexts of well-known libraries follow. */
class ContextInheritanceTest {
  private static final ContextKey<String> USER = ContextKey.named("user");

  /** What an application writes, or gets from OpenTelemetry's own modules. */
  @SuppressWarnings("MustBeClosedChecker") // restore() closes it
  private static final class OpenTelemetry implements ThreadLocalAccessor<Context> {
    private final ThreadLocal<@Nullable Scope> opened = new ThreadLocal<>();

    @Override
    public Object key() {
      return "opentelemetry";
    }

    @Override
    public Context getValue() {
      return Context.current();
    }

    @Override
    public void setValue(Context value) {
      opened.set(value.makeCurrent());
    }

    @Override
    public void setValue() {
      opened.set(Context.root().makeCurrent());
    }

    @Override
    public void restore(Context previous) {
      Scope scope = opened.get();
      if (scope != null) {
        scope.close();
      }
    }
  }

  private final ContextInheritance inheritance =
      ContextInheritance.of(
          ContextSnapshotFactory.builder()
              .contextRegistry(
                  new ContextRegistry()
                      .registerThreadLocalAccessor(new Slf4jThreadLocalAccessor())
                      .registerThreadLocalAccessor(new OpenTelemetry()))
              .build());

  @AfterEach
  void clear() {
    MDC.clear();
  }

  private static String seen() {
    return MDC.get("request") + ", " + Context.current().get(USER);
  }

  /** Calls {@code body} in a fiber that the calling one forks. */
  private static <T> T forked(Body<T, ?> body) {
    return Bundle.<T, RuntimeException>call(bundle -> bundle.<T>forkAsPromise(body).await());
  }

  private static <T> T asAnna(Callable<T> body) throws Exception {
    MDC.put("request", "17");
    return Context.current().with(USER, "Anna").wrap(body).call();
  }

  @Test
  void fibersOfAScope_haveTheContextOfWhoForksThem() throws Exception {
    Scheduler scheduler = ThreadScheduler.create();
    List<String> seen =
        scheduler.call(
            () ->
                asAnna(
                    () ->
                        inheritance.call(
                            () ->
                                List.of(
                                    forked(ContextInheritanceTest::seen),
                                    forked(() -> forked(ContextInheritanceTest::seen))))));
    assertThat(seen).containsExactly("17, Anna", "17, Anna");
  }

  @Test
  void fibersOfAScope_haveNoneIfNobodyAsks() throws Exception {
    assertThat(asAnna(() -> forked(ContextInheritanceTest::seen))).isEqualTo("null, null");
  }

  @Test
  void tasksOfAnExecutor_haveTheContextOfWhoHandsThemIn() throws Exception {
    try (FiberExecutor plain = FiberExecutor.create();
        FiberExecutor executor = plain.inheriting(inheritance)) {
      List<Future<String>> results =
          asAnna(
              () ->
                  List.of(
                      executor.submit(ContextInheritanceTest::seen),
                      executor.schedule(ContextInheritanceTest::seen, 1, TimeUnit.MILLISECONDS),
                      executor.supplyAsync(ContextInheritanceTest::seen),
                      plain.submit(ContextInheritanceTest::seen)));
      assertThat(results)
          .extracting(Future::get)
          .containsExactly("17, Anna", "17, Anna", "17, Anna", "null, null");
    }
  }

  @Test
  void registryOfTheJvm_isTheDefault() throws Exception {
    Slf4jThreadLocalAccessor accessor = new Slf4jThreadLocalAccessor();
    ContextRegistry.getInstance().registerThreadLocalAccessor(accessor);
    try {
      Inheritance ofJvm = ContextInheritance.create();
      MDC.put("request", "18");
      String seen = ofJvm.call(() -> forked(() -> MDC.get("request")));
      assertThat(seen).isEqualTo("18");
    } finally {
      ContextRegistry.getInstance().removeThreadLocalAccessor(Slf4jThreadLocalAccessor.KEY);
    }
  }
}
