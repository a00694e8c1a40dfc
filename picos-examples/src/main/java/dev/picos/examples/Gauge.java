package dev.picos.examples;

import java.util.concurrent.atomic.AtomicLong;

/** How many of something there are now, and how many there have been in all. */
final class Gauge {
  private final AtomicLong total = new AtomicLong();
  private final AtomicLong gone = new AtomicLong();

  void opened() {
    add(1);
  }

  void add(long number) {
    total.addAndGet(number);
  }

  void closed() {
    gone.incrementAndGet();
  }

  long open() {
    return total.get() - gone.get();
  }

  long total() {
    return total.get();
  }
}
