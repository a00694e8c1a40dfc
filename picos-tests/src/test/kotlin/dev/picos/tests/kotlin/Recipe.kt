package dev.picos.tests.kotlin

import dev.picos.domains.Service
import dev.picos.interop.FiberExecutor
import dev.picos.interop.Interop
import dev.picos.core.Body
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.future.asCompletableFuture
import kotlinx.coroutines.future.await

// region await
/** Waits, in a fiber, for a coroutine. If the fiber is canceled, so is the coroutine. */
fun <T> Deferred<T>.awaitInFiber(): T = Interop.await(asCompletableFuture())
// endregion

// region fiber
/** Waits, in a coroutine, for a fiber. If the coroutine is canceled, so is the fiber. */
suspend fun <T> Service.inFiber(body: () -> T): T =
  Interop.linkedFuture(submit(Body<T, Exception> { body() })).await()
// endregion

// region dispatcher
/** Runs coroutines in fibers of a service. */
fun Service.asDispatcher(): CoroutineDispatcher = FiberExecutor.of(this::submit).asCoroutineDispatcher()
// endregion
