/**
 * What things cost, always next to a rival in the same run.
 *
 * <p>One class a question. In each, {@code picos} is ours, and the parameter {@code scheduler} says
 * on what; {@code raw} is the same on bare continuations, which is the limit; {@code ownExecutor}
 * is a plain virtual thread on an executor like ours; {@code jdk} is virtual threads on the JDK's
 * scheduler with its default parallelism, and {@code jdkOneCarrier} with one carrier, which
 * compares like with like. Where there is more than one of ours, the name says which. With a rival,
 * a number in the name is how many threads it has; where there is a parameter {@code domains}, it
 * is so many.
 */
package dev.picos.bench;
