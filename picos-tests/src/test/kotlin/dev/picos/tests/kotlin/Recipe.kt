package dev.picos.tests.kotlin

import dev.picos.core.Body
import dev.picos.domains.Service
import dev.picos.interop.FiberExecutor
import dev.picos.interop.Interop
import dev.picos.std.structured.Control
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.ExecutorCoroutineDispatcher
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.future.asCompletableFuture
import kotlinx.coroutines.future.await
import kotlinx.coroutines.runInterruptible

// region await
/** Waits, in a fiber, for a coroutine. If the fiber is canceled, so is the coroutine. */
fun <T> Deferred<T>.awaitInFiber(): T {
  start() // or a lazy one would never begin
  return Interop.await(asCompletableFuture())
}
// endregion

// region fiber
/** Waits, in a coroutine, for a fiber. If the coroutine is canceled, so is the fiber. */
suspend fun <T> Service.inFiber(body: () -> T): T =
  Interop.linkedFuture(submit(Body<T, Exception> { body() })).await()
// endregion

// region dispatcher
/** Runs coroutines in fibers of a service. */
fun Service.asDispatcher(): ExecutorCoroutineDispatcher =
  FiberExecutor.of(this::submit).asCoroutineDispatcher()
// endregion

// region wait
/** Waits, in a coroutine, as fibers do. If the coroutine is canceled, so is what it waits in. */
suspend fun <T> waitAsFiber(body: () -> T): T = runInterruptible {
  Control.callCancelableByInterrupt(Body<T, Exception> { body() })
}
// endregion
