/** Fibers in the duty cycle of an Agrona agent. It needs {@code org.agrona:agrona}. */
@NullMarked
package dev.picos.interop.agrona;

import org.jspecify.annotations.NullMarked;
