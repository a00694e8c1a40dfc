module consumer {
  requires dev.picos.std;
  requires dev.picos.sched.fifo;
  requires dev.picos.domains;

  exports consumer;
}
