/** Context that follows, by Micrometer. It needs {@code io.micrometer:context-propagation}. */
@NullMarked
package dev.picos.interop.micrometer;

import org.jspecify.annotations.NullMarked;
