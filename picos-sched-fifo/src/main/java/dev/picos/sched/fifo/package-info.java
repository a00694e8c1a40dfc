/** A scheduler that runs all its fibers on one domain, first come, first served. */
package dev.picos.sched.fifo;
