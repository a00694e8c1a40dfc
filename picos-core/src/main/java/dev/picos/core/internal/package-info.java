/** What modules of this project, and no others, need from the core. */
package dev.picos.core.internal;
