/**
 * Bridges between fibers and what Java programs use. {@link FiberExecutor} is an executor whose
 * tasks are fibers. {@link Interop} makes the JDK's futures and ours each other, lets fibers wait
 * for any of them, and makes threads that are fibers.
 */
@NullMarked
package dev.picos.interop;

import org.jspecify.annotations.NullMarked;
