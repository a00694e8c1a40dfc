/** The tests are a module of their own, and see of the others what these export. */
// region module
open module consumer.tests {
  requires consumer;
  requires dev.picos.sched.fifo;
  requires dev.picos.tck;
  requires org.junit.jupiter.api;
}
// endregion
