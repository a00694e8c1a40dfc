/** What the libraries share among themselves. Not exported. */
package dev.picos.std.internal;
