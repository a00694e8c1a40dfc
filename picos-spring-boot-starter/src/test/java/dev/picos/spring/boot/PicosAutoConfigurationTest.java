package dev.picos.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.domains.Service;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.testing.Fork;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.regex.Pattern;
import org.apache.coyote.ProtocolHandler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskSchedulingAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.task.TaskDecorator;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/** Which beans there are, and which there are not. */
class PicosAutoConfigurationTest {
  private final ApplicationContextRunner application =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PicosAutoConfiguration.class,
                  TaskExecutionAutoConfiguration.class,
                  TaskSchedulingAutoConfiguration.class));

  @Test
  void threads_needNoService() {
    // Without a property there are fibers, but nothing that needs a flag.
    application.run(
        context ->
            assertThat(context)
                .doesNotHaveBean(Service.class)
                .hasSingleBean(ThreadFactory.class)
                .hasSingleBean(FiberTaskExecutor.class)
                .hasBean("applicationTaskExecutor"));
  }

  @ParameterizedTest
  @CsvSource({"fifo, fifo", "multififo, multififo", "MultiFIFO, multififo"})
  void scheduler_isThatOfTheProperty(String name, String scheduler) {
    // The property names the scheduler of the service, in any case.
    application
        .withPropertyValues("picos.scheduler=" + name)
        .run(
            context ->
                assertThat(context.getBean(Service.class))
                    .hasToString("a service of " + scheduler));
  }

  @ParameterizedTest
  @ValueSource(strings = {"randos", "lifo", "multi-fifo", ""})
  void schedulerThatIsNone_failsTheStart(String name) {
    // The failure says what there is to choose.
    application
        .withPropertyValues("picos.scheduler=" + name)
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .hasMessageContaining("picos.scheduler")
                    .hasMessageContaining("choose threads, fifo or multififo"));
  }

  @Test
  void negativeGrace_failsTheStart() {
    // There is no time before the end.
    application
        .withPropertyValues("picos.grace=-1s")
        .run(
            context ->
                assertThat(context).getFailure().rootCause().hasMessageContaining("picos.grace"));
  }

  @Test
  void serviceOfTheApplication_hasTheFibers() {
    // A service that the application defines is taken, whatever the property says.
    Service own = FifoScheduler.create().start();
    application
        .withPropertyValues("picos.scheduler=multififo")
        .withBean(Service.class, () -> own)
        .run(
            context -> {
              Thread thread = context.getBean(ThreadFactory.class).newThread(own::close);
              assertThat(context).getBean(Service.class).isSameAs(own);
              assertThat(context).hasSingleBean(FiberTaskExecutor.class);
              assertThat(thread.isVirtual()).isTrue();
            });
  }

  @Test
  void threadFactoryOfTheApplication_wins() {
    // Who defines a thread factory has that one.
    ThreadFactory own = Thread.ofPlatform().factory();
    application
        .withBean(ThreadFactory.class, () -> own)
        .run(context -> assertThat(context).getBean(ThreadFactory.class).isSameAs(own));
  }

  @Test
  void executorOfTheApplication_wins() {
    // As with Boot's own, any executor of the application does.
    Executor own = Executors.newVirtualThreadPerTaskExecutor();
    application
        .withBean("own", Executor.class, () -> own)
        .run(
            context ->
                assertThat(context)
                    .doesNotHaveBean(FiberTaskExecutor.class)
                    .doesNotHaveBean("applicationTaskExecutor"));
  }

  @Test
  void executorThatIsForced_isThatOfBoot() {
    // Two beans of the same name would fail the start.
    application
        .withPropertyValues("spring.task.execution.mode=force")
        .run(
            context ->
                assertThat(context)
                    .getBean("applicationTaskExecutor")
                    .isInstanceOf(ThreadPoolTaskExecutor.class));
  }

  @Test
  void executor_isTheOneBesideTheService() {
    // The service is an Executor, too, but not the one that is meant.
    application
        .withPropertyValues("picos.scheduler=fifo")
        .run(
            context ->
                assertThat(context.getBean(Executor.class)).isInstanceOf(FiberTaskExecutor.class));
  }

  @Test
  void decorators_decorateTasks() {
    // Tasks are decorated by the beans that are for that, such as one that passes a context on.
    StringBuffer log = new StringBuffer();
    TaskDecorator decorator =
        task ->
            () -> {
              log.append("decorated ");
              task.run();
            };
    application
        .withBean(TaskDecorator.class, () -> decorator)
        .run(
            context -> {
              context.getBean(FiberTaskExecutor.class).submit(() -> log.append("task")).get();
              assertThat(log).hasToString("decorated task");
            });
  }

  @Test
  void tomcat_isOptional() {
    // Without Tomcat on the class path everything else is there.
    application
        .withClassLoader(new FilteredClassLoader(ProtocolHandler.class))
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .hasSingleBean(FiberTaskExecutor.class)
                    .doesNotHaveBean("tomcatFibers"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"fifo", "multififo"})
  void missingFlag_failsTheStartWithAdvice(String scheduler) throws Exception {
    // Boot's report of the failure names the flag, and the scheduler that needs none.
    Path[] classPath =
        Pattern.compile(File.pathSeparator, Pattern.LITERAL)
            .splitAsStream(System.getProperty("java.class.path"))
            .map(Path::of)
            .toArray(Path[]::new);

    Fork fork =
        Fork.java(
            WebApplication.class,
            List.of(),
            List.of("-Dserver.port=0", "-Dpicos.scheduler=" + scheduler),
            classPath);

    assertThat(fork.exit()).isEqualTo(1);
    assertThat(fork.output())
        .contains("APPLICATION FAILED TO START", Fork.OPENS, "picos.scheduler=threads")
        .doesNotContain("\tat ");
  }
}
