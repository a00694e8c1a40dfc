/**
 * The contract of a scheduler as a JUnit suite.
 *
 * <p>Who writes a scheduler extends {@link SchedulerContract} in a test, and learns which rules it
 * does not keep yet.
 */
package dev.picos.tck;
