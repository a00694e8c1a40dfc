/**
 * The contract of a scheduler as a JUnit suite.
 *
 * <p>The author of a scheduler extends {@link SchedulerContract} in a test, and learns which rules
 * the scheduler does not keep yet.
 */
package dev.picos.tck;
