package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;

/** A resource that counts how often it is released. */
final class Tracked {
  private final AtomicInteger releases = new AtomicInteger();

  void release() {
    releases.incrementAndGet();
  }

  int releases() {
    return releases.get();
  }

  /** To be called wherever it is used: what has been released must not be. */
  void use() {
    assertThat(releases).as("releases of what is in use").hasValue(0);
  }
}
