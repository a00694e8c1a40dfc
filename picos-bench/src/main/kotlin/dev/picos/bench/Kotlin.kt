@file:JvmName("Kotlin")

package dev.picos.bench

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield

/** Makes [Dispatchers.Default] use two threads. */
const val TWO = "-Dkotlinx.coroutines.scheduler.core.pool.size=2"

/** And not more. */
const val TWO_AT_MOST = "-Dkotlinx.coroutines.scheduler.max.pool.size=2"

/** A coroutine for each call, all in the calling thread. */
fun fibonacciHere(n: Int): Int = runBlocking { fibonacci(n) }

/** A coroutine for each call, on [Dispatchers.Default]. */
fun fibonacciOnDefault(n: Int): Int = runBlocking(Dispatchers.Default) { fibonacci(n) }

private suspend fun fibonacci(n: Int): Int =
  if (n < 2) {
    n
  } else {
    coroutineScope {
      val a = async { fibonacci(n - 1) }
      val b = async { fibonacci(n - 2) }
      a.await() + b.await()
    }
  }

/** So many coroutines at a time, so often, on [Dispatchers.Default]; [life] says what each does. */
fun generations(generations: Int, coroutines: Int, life: String) =
  runBlocking(Dispatchers.Default) {
    repeat(generations) {
      coroutineScope {
        val started = Job()
        repeat(coroutines) {
          launch {
            when (life) {
              "YIELD" -> yield()
              "AWAIT" -> started.join()
            }
          }
        }
        if (life == "AWAIT") {
          yield()
        }
        started.complete()
      }
    }
  }
