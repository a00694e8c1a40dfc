package dev.picos.spring.boot;

import org.apache.coyote.ProtocolHandler;
import org.apache.tomcat.util.threads.VirtualThreadExecutor;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.tomcat.ConfigurableTomcatWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.core.Ordered;

/** Has Tomcat handle each request in a fiber, unless the application gives it an executor. */
final class TomcatFibers
    implements WebServerFactoryCustomizer<ConfigurableTomcatWebServerFactory>,
        Ordered,
        DisposableBean {
  private final FiberTaskExecutor fibers;

  TomcatFibers(FiberTaskExecutor fibers) {
    this.fibers = fibers;
  }

  @Override
  public void customize(ConfigurableTomcatWebServerFactory factory) {
    factory.addProtocolHandlerCustomizers(this::runInFibers);
  }

  private void runInFibers(ProtocolHandler handler) {
    // The latter is what spring.threads.virtual.enabled has led to.
    if (handler.getExecutor() == null || handler.getExecutor() instanceof VirtualThreadExecutor) {
      handler.setExecutor(fibers);
    }
  }

  /** Comes after Boot's own customizers, which have 0 and 1, and before the application's. */
  @Override
  public int getOrder() {
    return 2;
  }

  /** Called when the server has stopped. */
  @Override
  public void destroy() {
    fibers.destroy();
  }
}
