/**
 * Bridges between fibers and what Java programs use. {@link Interop} makes the JDK's futures and
 * ours each other, and lets fibers wait for any of them.
 */
@NullMarked
package dev.picos.interop;

import org.jspecify.annotations.NullMarked;
