/** What the tests of all modules share. It knows nothing of Picos. */
@NullMarked
package dev.picos.testing;

import org.jspecify.annotations.NullMarked;
