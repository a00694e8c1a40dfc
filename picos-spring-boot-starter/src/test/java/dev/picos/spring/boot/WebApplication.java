package dev.picos.spring.boot;

import dev.picos.core.Handler;
import dev.picos.domains.Service;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A small application with a web server, as anyone would write it. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableAsync
class WebApplication {
  /** More requests than Tomcat's own pool has threads, which are 200. */
  static final int CROWD = 250;

  /** Tells where its caller runs. */
  static class Compass {
    private final ObjectProvider<Service> services;

    Compass(ObjectProvider<Service> services) {
      this.services = services;
    }

    String here() {
      if (!Thread.currentThread().isVirtual()) {
        return "a platform thread";
      }
      Service service = services.getIfAvailable();
      if (service == null) {
        return "a virtual thread";
      }
      Handler here = Handler.ofCurrentThread();
      boolean isOfService =
          service.submit(() -> here.isOfSameRun(Handler.ofCurrentThread())).await();
      return isOfService ? "a fiber of " + service : "a virtual thread beside " + service;
    }
  }

  /** Who gets in is stuck until interrupted. */
  static class Swamp {
    final AtomicInteger inside = new AtomicInteger();

    void enter() {
      inside.incrementAndGet();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException help) {
        // the way out
      } finally {
        inside.decrementAndGet();
      }
    }
  }

  static class Background {
    private final Compass compass;
    private final Swamp swamp;

    Background(Compass compass, Swamp swamp) {
      this.compass = compass;
      this.swamp = swamp;
    }

    @Async
    CompletableFuture<String> here() {
      return CompletableFuture.completedFuture(compass.here());
    }

    @Async
    void getStuck() {
      swamp.enter();
    }
  }

  @RestController
  static class Pages {
    private final Compass compass;
    private final Background background;
    private final Swamp swamp;
    private final CyclicBarrier crowd = new CyclicBarrier(CROWD);

    Pages(Compass compass, Background background, Swamp swamp) {
      this.compass = compass;
      this.background = background;
      this.swamp = swamp;
    }

    @GetMapping("/here")
    String here() {
      return compass.here();
    }

    @GetMapping("/callable")
    Callable<String> callable() {
      return compass::here;
    }

    @GetMapping("/async")
    CompletableFuture<String> async() {
      return background.here();
    }

    /** Answers when the whole crowd is there. */
    @GetMapping("/crowd")
    String crowd() throws Exception {
      crowd.await();
      return "complete";
    }

    @GetMapping("/stuck")
    void getStuck() {
      swamp.enter();
    }
  }

  @Bean
  Compass compass(ObjectProvider<Service> services) {
    return new Compass(services);
  }

  @Bean
  Swamp swamp() {
    return new Swamp();
  }

  @Bean
  Background background(Compass compass, Swamp swamp) {
    return new Background(compass, swamp);
  }

  /** Starts the application on a free port. */
  static ConfigurableApplicationContext start(String... properties) {
    return start(List.of(), properties);
  }

  /** Starts the application with some more configuration. */
  static ConfigurableApplicationContext start(List<Class<?>> more, String... properties) {
    return new SpringApplication(
            Stream.concat(Stream.of(WebApplication.class), more.stream()).toArray(Class<?>[]::new))
        .run(
            Stream.concat(
                    Stream.of("server.port=0", "spring.main.banner-mode=off"),
                    Stream.of(properties))
                .map(property -> "--" + property)
                .toArray(String[]::new));
  }

  public static void main(String[] properties) {
    start(properties).close();
  }
}
