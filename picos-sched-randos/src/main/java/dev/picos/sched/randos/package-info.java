/**
 * A scheduler for tests, which picks the next fiber at random. The same seed gives the same
 * schedule.
 */
package dev.picos.sched.randos;
