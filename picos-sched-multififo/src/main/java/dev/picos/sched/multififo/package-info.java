/** A scheduler that runs its fibers on several domains, first come, first served on each. */
package dev.picos.sched.multififo;
