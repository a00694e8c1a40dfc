package dev.picos.tests.channel;

import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.channel.OnEnd;
import dev.picos.std.channel.Received;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.OnReturn;
import dev.picos.testing.Task;
import dev.picos.tests.Schedulers;
import java.lang.annotation.Annotation;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.TestFactory;
import org.opentest4j.TestAbortedException;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.SubscriberPuppet;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.WhiteboxSubscriberProbe;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.reactivestreams.tck.flow.FlowSubscriberBlackboxVerification;
import org.reactivestreams.tck.flow.FlowSubscriberWhiteboxVerification;
import org.reactivestreams.tck.flow.IdentityFlowProcessorVerification;
import org.testng.SkipException;
import org.testng.annotations.AfterClass;
import org.testng.annotations.BeforeClass;
import org.testng.annotations.BeforeMethod;
import org.testng.annotations.Test;

/**
 * Channels keep the rules of Reactive Streams, as its own kit verifies them. A rule that is
 * optional and not kept, or that is about subscribers that all get the same, is reported as
 * aborted.
 */
class FlowTckTest {
  private static final int AHEAD = 4;

  @TestFactory
  Stream<DynamicContainer> publisher() {
    return onEachKindOfScheduler(PublisherRules::new);
  }

  @TestFactory
  Stream<DynamicContainer> subscriber_fromOutside() {
    return onEachKindOfScheduler(BlackboxRules::new);
  }

  @TestFactory
  Stream<DynamicContainer> subscriber_fromWithin() {
    return onEachKindOfScheduler(WhiteboxRules::new);
  }

  @TestFactory
  Stream<DynamicContainer> processor() {
    return onEachKindOfScheduler(ProcessorRules::new);
  }

  private static Stream<DynamicContainer> onEachKindOfScheduler(Function<Scope, Object> rules) {
    return Schedulers.ofEachKind()
        .map(
            scheduler ->
                dynamicContainer(
                    scheduler.getName(),
                    methods(rules.apply(new Scope()).getClass())
                        .map(
                            rule ->
                                dynamicTest(
                                    rule.getName(),
                                    () -> verify(scheduler.getPayload(), rules, rule)))));
  }

  private static Stream<Method> methods(Class<?> rules) {
    return Arrays.stream(rules.getMethods())
        .filter(method -> method.isAnnotationPresent(Test.class))
        .filter(method -> !method.getName().startsWith("untested_"))
        .sorted(Comparator.comparing(Method::getName));
  }

  private static void verify(Scheduler scheduler, Function<Scope, Object> rules, Method rule)
      throws Throwable {
    Scope scope = new Scope();
    Task<Boolean> run = Task.start(() -> scheduler.run(scope::open));
    try {
      Object instance = rules.apply(scope);
      call(instance, BeforeClass.class);
      call(instance, BeforeMethod.class);
      try {
        rule.invoke(instance);
      } finally {
        call(instance, AfterClass.class);
      }
    } catch (InvocationTargetException thrown) {
      if (thrown.getCause() instanceof SkipException skipped) {
        throw new TestAbortedException(skipped.getMessage(), skipped);
      }
      throw thrown.getCause();
    } finally {
      scope.verified.tryReturn("verified");
      run.result();
    }
  }

  private static void call(Object instance, Class<? extends Annotation> marked) throws Exception {
    for (Method method : instance.getClass().getMethods()) {
      if (method.isAnnotationPresent(marked)) {
        method.invoke(instance);
      }
    }
  }

  /** A scope on the scheduler, in which the kit's own threads have fibers started. */
  private static final class Scope {
    private final Computation<Bundle> bundle = new Computation<>();
    private final Computation<Object> verified = new Computation<>();

    void open() {
      Bundle.run(
          OnReturn.TERMINATE,
          opened -> {
            bundle.tryReturn(opened);
            verified.join();
          });
    }

    Bundle bundle() {
      return bundle.await();
    }

    Flow.Publisher<Integer> failedPublisher() {
      Channel<Integer> failed = Channel.rendezvous();
      failed.close(new Exception("failed"));
      return failed.publisher(bundle());
    }
  }

  /** Does what another one does. */
  private static class Subscriber<T> implements Flow.Subscriber<T> {
    private final Flow.Subscriber<T> real;

    Subscriber(Flow.Subscriber<T> real) {
      this.real = real;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      real.onSubscribe(subscription);
    }

    @Override
    public void onNext(T item) {
      real.onNext(item);
    }

    @Override
    public void onError(Throwable thrown) {
      real.onError(thrown);
    }

    @Override
    public void onComplete() {
      real.onComplete();
    }
  }

  /**
   * Patient with what is to come; what is not to come is waited for in vain each time. The kit
   * looks for an expected error only once, after the last of these times: its count of the time
   * that remains is negative from then on.
   */
  private static TestEnvironment environment() {
    return new TestEnvironment(2_000, 30, 500);
  }

  private static final class PublisherRules extends FlowPublisherVerification<Integer> {
    private final Scope scope;

    PublisherRules(Scope scope) {
      super(environment(), 500);
      this.scope = scope;
    }

    @Override
    public Flow.Publisher<Integer> createFlowPublisher(long items) {
      Channel<Integer> channel = Channel.buffered(2);
      scope
          .bundle()
          .fork(
              () -> {
                for (long i = 0; i < items; i++) {
                  channel.send((int) i);
                }
                channel.close();
              });
      return channel.publisher(scope.bundle());
    }

    @Override
    public Flow.Publisher<Integer> createFailedFlowPublisher() {
      return scope.failedPublisher();
    }
  }

  private static final class BlackboxRules extends FlowSubscriberBlackboxVerification<Integer> {
    private final Scope scope;

    BlackboxRules(Scope scope) {
      super(environment());
      this.scope = scope;
    }

    @Override
    public Flow.Subscriber<Integer> createFlowSubscriber() {
      Channel<Integer> channel = Channel.rendezvous();
      scope
          .bundle()
          .fork(
              () -> {
                while (channel.receiveOrClosed() instanceof Received.Item<Integer>) {}
              });
      return channel.subscriber(scope.bundle(), AHEAD);
    }

    @Override
    public Integer createElement(int element) {
      return element;
    }
  }

  private static final class WhiteboxRules extends FlowSubscriberWhiteboxVerification<Integer> {
    private final Scope scope;

    WhiteboxRules(Scope scope) {
      super(environment());
      this.scope = scope;
    }

    @Override
    protected Flow.Subscriber<Integer> createFlowSubscriber(
        WhiteboxSubscriberProbe<Integer> probe) {
      Channel<Integer> channel = Channel.unbounded();
      return new Subscriber<>(channel.subscriber(scope.bundle(), AHEAD)) {
        @Override
        public void onSubscribe(Flow.Subscription subscription) {
          super.onSubscribe(subscription);
          probe.registerOnSubscribe(
              new SubscriberPuppet() {
                @Override
                public void triggerRequest(long items) {} // it asks by itself

                @Override
                public void signalCancel() {
                  channel.close();
                }
              });
        }

        @Override
        public void onNext(Integer item) {
          super.onNext(item);
          probe.registerOnNext(item);
        }

        @Override
        public void onError(Throwable thrown) {
          super.onError(thrown);
          probe.registerOnError(thrown);
        }

        @Override
        public void onComplete() {
          super.onComplete();
          probe.registerOnComplete();
        }
      };
    }

    @Override
    public Integer createElement(int element) {
      return element;
    }
  }

  private static final class ProcessorRules extends IdentityFlowProcessorVerification<Integer> {
    private final Scope scope;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();

    ProcessorRules(Scope scope) {
      super(environment(), 500, AHEAD);
      this.scope = scope;
    }

    @Override
    protected Flow.Processor<Integer, Integer> createIdentityFlowProcessor(int size) {
      Channel<Integer> channel = Channel.rendezvous();
      return new Processor(
          channel.subscriber(scope.bundle(), size), channel.publisher(scope.bundle(), OnEnd.CLOSE));
    }

    @Override
    protected Flow.Publisher<Integer> createFailedFlowPublisher() {
      return scope.failedPublisher();
    }

    @Override
    public Integer createElement(int element) {
      return element;
    }

    @Override
    public ExecutorService publisherExecutorService() {
      return executor;
    }

    @Override
    public long maxSupportedSubscribers() {
      return 1; // several would share the items
    }
  }

  private static final class Processor extends Subscriber<Integer>
      implements Flow.Processor<Integer, Integer> {
    private final Flow.Publisher<Integer> publisher;

    Processor(Flow.Subscriber<Integer> real, Flow.Publisher<Integer> publisher) {
      super(real);
      this.publisher = publisher;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super Integer> subscriber) {
      publisher.subscribe(subscriber);
    }
  }
}
