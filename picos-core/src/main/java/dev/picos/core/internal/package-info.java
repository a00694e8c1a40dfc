/** What {@code picos-domains} needs from the core and nobody else does. */
package dev.picos.core.internal;
