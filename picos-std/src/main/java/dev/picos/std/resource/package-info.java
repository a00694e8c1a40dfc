/**
 * Resources that are released on every path, also when the fiber is canceled, and also when they go
 * from one fiber to another.
 *
 * <p>Three ways, for three needs:
 *
 * <ul>
 *   <li>{@link Using} runs a body with a resource and releases that at its end;
 *   <li>{@link Closing} does the same for a {@code try} with resources;
 *   <li>{@link Owned} is a resource that another fiber may take over, such as a connection that one
 *       fiber accepts and another serves.
 * </ul>
 *
 * <p>A release runs with cancelation forbidden, so that it may itself wait, for a lock or for the
 * other side to say goodbye, without being cut short: better a release that visibly takes its time
 * than a leak that shows rarely. It also keeps a canceled fiber from throwing the same reason
 * twice, which a plain {@code try} with resources does not survive; see {@link
 * dev.picos.std.structured.Control#protect(dev.picos.core.Body)}.
 *
 * <p>No scheduler is needed: every Java thread is a fiber.
 */
package dev.picos.std.resource;
