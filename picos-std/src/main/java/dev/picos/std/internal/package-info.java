/** What the packages of this module share and nobody else needs. Not exported. */
package dev.picos.std.internal;
