package dev.picos.core.internal;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import org.jspecify.annotations.Nullable;

/**
 * An action that does nothing unless the computation among its arguments is completed. So its
 * trigger can be {@linkplain Computation#detach detached} from that computation, while it runs,
 * without running the action, and without a look for the stack that it might need.
 */
@FunctionalInterface
public interface OnCompletion<X extends @Nullable Object, Y extends @Nullable Object>
    extends Trigger.Action<X, Y> {}
