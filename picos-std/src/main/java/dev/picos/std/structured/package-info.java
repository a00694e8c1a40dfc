/**
 * Structured concurrency: fibers that do not outlive the scope that forked them.
 *
 * <p>{@link Bundle} is the scope; {@link Flock} is one that need not be passed along; {@link Run}
 * is the short way to run a list of actions; a {@link Promise} is the result of a forked fiber.
 * {@link Control} has what a fiber does to itself.
 *
 * <p>There are three ways for a fiber to end. It returns. It throws {@link Terminate}, which means
 * that it was asked to stop and is no error. Or it throws something else, which is an error: it
 * stops the scope, and comes out of it when all the other fibers have ended.
 */
package dev.picos.std.structured;
