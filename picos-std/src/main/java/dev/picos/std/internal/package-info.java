/** What the packages of this module share. This package is not exported. */
package dev.picos.std.internal;
