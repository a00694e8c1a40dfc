/**
 * Carrier threads, fibers on them, and time.
 *
 * <p>A scheduler is a {@link Policy}, which says which fiber comes next, and an {@link Execution},
 * which knows how a fiber starts, suspends and resumes. Executions run on {@link Domains}, one pool
 * of carrier threads for all schedulers of the JVM.
 */
package dev.picos.domains;
