/**
 * Resources that are released on every path, even if the fiber is canceled, and even if they go
 * from one fiber to another.
 *
 * <p>There are three ways, for three needs:
 *
 * <ul>
 *   <li>{@link Using} runs a body with a resource, and releases the resource at the end of the
 *       body;
 *   <li>{@link Closing} does the same for a {@code try} with resources;
 *   <li>{@link Owned} is a resource that another fiber may take over, such as a connection that one
 *       fiber accepts and another serves.
 * </ul>
 *
 * <p>A release runs with cancelation forbidden, so that it may itself wait, for a lock or for the
 * other side to say goodbye, without being cut short: a release that visibly takes its time is
 * better than a leak that rarely shows. It may also open scopes and set limits; the cancelation
 * outside does not reach these, and inside they work as anywhere else. Forbidding cancelation also
 * keeps a canceled fiber from throwing the same reason twice, which a plain {@code try} with
 * resources cannot handle; see {@link dev.picos.std.structured.Control#runProtected}.
 *
 * <p>This needs no scheduler, since every Java thread is a fiber.
 */
package dev.picos.std.resource;
