package dev.picos.spring.boot;

import dev.picos.core.ThreadScheduler;
import dev.picos.domains.Service;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import org.apache.coyote.ProtocolHandler;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.tomcat.ConfigurableTomcatWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Fallback;
import org.springframework.core.task.TaskDecorator;
import org.springframework.core.task.support.CompositeTaskDecorator;

/**
 * Runs a Spring Boot application in fibers: the requests that an embedded Tomcat serves, what
 * Spring MVC does asynchronously, and {@code @Async} methods. {@code picos.scheduler} says whose
 * fibers they are:
 *
 * <ul>
 *   <li>{@code threads}, the default: those of {@link ThreadScheduler}, which needs no flag;
 *   <li>{@code fifo} or {@code multififo}: those of a {@link Service} of that scheduler, which is a
 *       bean.
 * </ul>
 *
 * <p>The beans are that service, a {@link ThreadFactory} whose threads are fibers, and {@code
 * applicationTaskExecutor}. The application may define each of them itself. A service of its own
 * has all the fibers, whatever the property says. As with Boot's executor, any other {@link
 * Executor} of the application takes the place of {@code applicationTaskExecutor}; where {@code
 * spring.task.execution.mode} is {@code force}, Boot's does.
 *
 * <p><b>The end.</b> The web server stops first, as gracefully as {@code server.shutdown} says.
 * Then each executor takes no more tasks, waits for {@code picos.grace} at most until those that
 * run have ended, cancels and interrupts them, and waits once more. The service is closed last, by
 * {@link Service#close(java.time.Duration)}, with all fibers that are left.
 */
@AutoConfiguration(before = TaskExecutionAutoConfiguration.class)
@EnableConfigurationProperties(PicosProperties.class)
public final class PicosAutoConfiguration {
  PicosAutoConfiguration() {}

  @Bean
  @Fallback // for who asks for an Executor, which it is, too
  @ConditionalOnMissingBean(Service.class)
  @ConditionalOnProperty(name = "picos.scheduler", havingValue = "fifo")
  ServiceBean fifoService(PicosProperties properties) {
    return new ServiceBean(FifoScheduler.create().start(), properties.grace());
  }

  @Bean
  @Fallback
  @ConditionalOnMissingBean(Service.class)
  @ConditionalOnProperty(name = "picos.scheduler", havingValue = "multififo")
  ServiceBean multififoService(PicosProperties properties) {
    return new ServiceBean(MultiFifoScheduler.create().start(), properties.grace());
  }

  // The service is a parameter, and not looked up: so Spring closes it after what depends on it.

  @Bean
  @ConditionalOnMissingBean
  ThreadFactory fiberThreadFactory(@Nullable Service service) {
    return service == null ? ThreadScheduler.create().threadFactory() : service.threadFactory();
  }

  @Bean({"applicationTaskExecutor", "taskExecutor"}) // @Async looks for the latter
  @ConditionalOnMissingBean(value = Executor.class, ignored = Service.class)
  @ConditionalOnProperty(
      name = "spring.task.execution.mode",
      havingValue = "auto",
      matchIfMissing = true)
  FiberTaskExecutor applicationTaskExecutor(
      @Nullable Service service,
      PicosProperties properties,
      ObjectProvider<TaskDecorator> decorators) {
    FiberTaskExecutor executor = FiberTaskExecutor.on(service, properties.grace());
    List<TaskDecorator> inOrder = decorators.orderedStream().toList();
    if (!inOrder.isEmpty()) {
      executor.setTaskDecorator(new CompositeTaskDecorator(inOrder));
    }
    return executor;
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass({ConfigurableTomcatWebServerFactory.class, ProtocolHandler.class})
  static class Tomcat {
    @Bean
    TomcatFibers tomcatFibers(@Nullable Service service, PicosProperties properties) {
      return new TomcatFibers(FiberTaskExecutor.on(service, properties.grace()));
    }
  }
}
