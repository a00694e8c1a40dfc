/**
 * Structured concurrency: fibers that do not outlive the scope that forked them.
 *
 * <p>{@link Bundle} is the scope; {@link Flock} is a scope that need not be passed along; {@link
 * Run} is the short way to run a list of actions; a {@link Promise} is the result of a forked
 * fiber. {@link Control} has the operations of a fiber on itself.
 *
 * <p>A fiber ends in one of three ways. It returns. Or it throws the {@link TerminateException}
 * that it was stopped with, because the owner of its scope or its promise wanted it to stop; this
 * is no error. Or it throws something else, which is an error: the error stops the scope, and comes
 * out of it when all the other fibers have ended. A timeout is an error, and so is the cancelation
 * of another fiber that a fiber has come across.
 *
 * <p>Where an operation takes work to run, {@code run…} takes a block, and {@code call…} a body
 * that returns a value.
 */
package dev.picos.std.structured;
