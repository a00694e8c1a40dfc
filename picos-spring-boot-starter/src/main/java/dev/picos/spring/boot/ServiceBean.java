package dev.picos.spring.boot;

import dev.picos.domains.Service;
import java.time.Duration;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.FactoryBean;

/**
 * A service as a bean that is closed within bounds, after the beans that depend on it. As a bean
 * that is not made by a factory it would be closed by {@link Service#close()}, which has no bound.
 */
final class ServiceBean implements FactoryBean<Service>, DisposableBean {
  private final Service service;
  private final Duration grace;

  ServiceBean(Service service, Duration grace) {
    this.service = service;
    this.grace = grace;
  }

  @Override
  public Service getObject() {
    return service;
  }

  @Override
  public Class<Service> getObjectType() {
    return Service.class;
  }

  @Override
  public void destroy() {
    if (!service.close(grace)) {
      LogFactory.getLog(ServiceBean.class).warn("Fibers are left behind by " + service);
    }
  }
}
