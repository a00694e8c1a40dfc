/**
 * A scheduler for tests, which picks the next fiber at random: the same seed gives the same
 * schedule.
 */
package dev.picos.sched.randos;
