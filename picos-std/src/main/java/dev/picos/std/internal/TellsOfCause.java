package dev.picos.std.internal;

/**
 * An exception that says only that its cause has reached a fiber in another way than by the
 * cancelation of that fiber. If the cause is what the fiber is stopped with, nothing has gone
 * wrong.
 */
public interface TellsOfCause {}
