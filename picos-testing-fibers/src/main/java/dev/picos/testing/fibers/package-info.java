/** What the tests of schedulers and of what they run on share. */
@NullMarked
package dev.picos.testing.fibers;

import org.jspecify.annotations.NullMarked;
