module consumer {
  requires dev.picos.std;
  requires dev.picos.sched.fifo;
}
