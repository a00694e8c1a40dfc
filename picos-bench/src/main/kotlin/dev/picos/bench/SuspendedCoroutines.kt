package dev.picos.bench

import java.util.function.BooleanSupplier
import kotlin.coroutines.Continuation
import kotlin.coroutines.resume
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.suspendCancellableCoroutine

/** Coroutines on [Dispatchers.Default] that suspend, each after [answer], until they have ended. */
class SuspendedCoroutines(count: Int, ended: BooleanSupplier, answer: Runnable) {
  private val continuations = arrayOfNulls<Continuation<Unit>>(count)
  private val all =
    CoroutineScope(Dispatchers.Default).launch {
      repeat(count) { i ->
        launch {
          while (!ended.asBoolean) {
            suspendCancellableCoroutine { continuation ->
              continuations[i] = continuation
              answer.run()
            }
          }
        }
      }
    }

  /** Lets number [i] go on. */
  fun resume(i: Int) = continuations[i]!!.resume(Unit)

  /** Waits until they have ended. */
  fun join() = runBlocking { all.join() }
}
