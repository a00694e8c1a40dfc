package dev.picos.spring.boot;

import java.time.Duration;
import java.util.Locale;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * What the configuration of the application says about fibers.
 *
 * @param scheduler who schedules them
 * @param grace how long they may go on at the end before they are canceled, and how long after that
 */
@ConfigurationProperties("picos")
record PicosProperties(
    @DefaultValue("threads") String scheduler, @DefaultValue("5s") Duration grace)
    implements InitializingBean {
  private static final String CHOICES = "choose threads, fifo or multififo";

  /** Checks the values. Boot would take what the constructor throws for a failure of its own. */
  @Override
  public void afterPropertiesSet() {
    switch (scheduler.toLowerCase(Locale.ROOT)) { // as the conditions on the property compare
      case "threads", "fifo", "multififo" -> {}
      case "randos" ->
          throw refusal("scheduler", scheduler, "It is for tests, and does not serve: " + CHOICES);
      default -> throw refusal("scheduler", scheduler, "There is no such scheduler: " + CHOICES);
    }
    if (grace.isNegative()) {
      throw refusal("grace", grace, "It must not be negative");
    }
  }

  private static InvalidConfigurationPropertyValueException refusal(
      String name, Object value, String reason) {
    return new InvalidConfigurationPropertyValueException("picos." + name, value, reason);
  }
}
