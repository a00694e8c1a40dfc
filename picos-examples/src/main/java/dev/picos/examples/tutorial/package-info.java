/**
 * The primitives that docs/library-authors.md builds step by step. They are correct and small, and
 * made for reading; those for use are in picos-std.
 */
package dev.picos.examples.tutorial;
