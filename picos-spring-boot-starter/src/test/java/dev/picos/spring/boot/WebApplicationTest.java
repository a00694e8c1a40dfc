package dev.picos.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.domains.Service;
import dev.picos.spring.boot.WebApplication.Background;
import dev.picos.spring.boot.WebApplication.Swamp;
import dev.picos.testing.Wait;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.tomcat.TomcatProtocolHandlerCustomizer;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.AsyncTaskExecutor;

/** An application with an embedded Tomcat, and a real client. */
class WebApplicationTest {
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private CompletableFuture<String> ask(ApplicationContext context, String path) {
    String port = context.getEnvironment().getRequiredProperty("local.server.port");
    URI uri = URI.create("http://localhost:" + port + path);
    return client
        .sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
        .thenApply(HttpResponse::body);
  }

  @ParameterizedTest
  @CsvSource({
    "threads, a virtual thread",
    "fifo, a fiber of a service of fifo",
    "multififo, a fiber of a service of multififo"
  })
  void work_isDoneInFibers(String scheduler, String fiber) {
    // Fibers of the chosen scheduler handle requests, do what a handler returns, and what is
    // @Async.
    try (var context = WebApplication.start("picos.scheduler=" + scheduler)) {
      assertThat(ask(context, "/here").join()).isEqualTo(fiber);
      assertThat(ask(context, "/callable").join()).isEqualTo(fiber);
      assertThat(ask(context, "/async").join()).isEqualTo(fiber);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"threads", "fifo", "multififo"})
  void manyRequests_areServedAtOnce(String scheduler) {
    // Each request waits for all the others, which are more than Tomcat's own pool would take.
    try (var context = WebApplication.start("picos.scheduler=" + scheduler)) {
      List<CompletableFuture<String>> replies =
          IntStream.range(0, WebApplication.CROWD).mapToObj(i -> ask(context, "/crowd")).toList();

      assertThat(replies).extracting(CompletableFuture::join).containsOnly("complete");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"threads", "fifo", "multififo"})
  void end_interruptsWhatIsStuck(String scheduler) {
    // A request and an @Async method that do not end by themselves end with the application.
    var context =
        WebApplication.start(
            "picos.scheduler=" + scheduler, "picos.grace=100ms", "server.shutdown=immediate");
    Swamp swamp = context.getBean(Swamp.class);
    AsyncTaskExecutor executor = context.getBean(AsyncTaskExecutor.class);
    CompletableFuture<String> reply = ask(context, "/stuck");
    context.getBean(Background.class).getStuck();
    Wait.until(() -> swamp.inside.get() == 2);

    context.close();

    Wait.until(() -> swamp.inside.get() == 0);
    assertThatThrownBy(() -> executor.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(reply::join).isNotNull(); // the client is not left waiting
  }

  @ParameterizedTest
  @ValueSource(strings = {"fifo", "multififo"})
  void end_closesTheServiceLast(String scheduler) {
    // The beans that use the service find it open when they are destroyed; its fibers end with it.
    var context =
        WebApplication.start(
            List.of(LateWork.class), "picos.scheduler=" + scheduler, "picos.grace=100ms");
    Swamp swamp = context.getBean(Swamp.class);
    Service service = context.getBean(Service.class);
    LateWork.Worker worker = context.getBean(LateWork.Worker.class);
    context.getBean(ThreadFactory.class).newThread(swamp::enter).start();
    Wait.until(() -> swamp.inside.get() == 1);

    context.close();

    assertThat(worker.result).isCompletedWithValue("done");
    Wait.until(() -> swamp.inside.get() == 0);
    assertThatThrownBy(() -> service.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class);
  }

  @Configuration(proxyBeanMethods = false)
  static class LateWork {
    /** Has something left to do at the end. */
    static class Worker implements AutoCloseable {
      private final Service service;
      final CompletableFuture<String> result = new CompletableFuture<>();

      Worker(Service service) {
        this.service = service;
      }

      @Override
      public void close() {
        result.complete(service.submit(() -> "done").await());
      }
    }

    @Bean
    Worker worker(Service service) {
      return new Worker(service);
    }
  }

  @Test
  void executorOfTheApplicationForTomcat_wins() {
    // Tomcat keeps the executor that a customizer of the application has given it.
    try (var context =
        WebApplication.start(List.of(OwnTomcatThreads.class), "picos.scheduler=fifo")) {
      assertThat(ask(context, "/here").join()).isEqualTo("a platform thread");
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnTomcatThreads {
    @Bean
    ExecutorService threads() {
      return Executors.newCachedThreadPool();
    }

    @Bean
    TomcatProtocolHandlerCustomizer<?> customizer(ExecutorService threads) {
      return handler -> handler.setExecutor(threads);
    }
  }

  @Test
  void virtualThreadsOfBoot_giveWay() {
    // With spring.threads.virtual.enabled, too, it is fibers that do the work.
    try (var context =
        WebApplication.start("picos.scheduler=fifo", "spring.threads.virtual.enabled=true")) {
      assertThat(ask(context, "/here").join()).isEqualTo("a fiber of a service of fifo");
      assertThat(ask(context, "/async").join()).isEqualTo("a fiber of a service of fifo");
    }
  }
}
