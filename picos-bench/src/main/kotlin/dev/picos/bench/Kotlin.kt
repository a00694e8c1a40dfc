@file:JvmName("Kotlin")

package dev.picos.bench

import java.util.function.BooleanSupplier
import java.util.function.Supplier
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withLock
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

/** The calling thread alone, or [Dispatchers.Default]. */
private fun context(parallel: Boolean): CoroutineContext =
  if (parallel) Dispatchers.Default else EmptyCoroutineContext

private class Counter {
  var value = 0L
}

/** Coroutines that share a mutex; the holder yields if [contended]. */
fun mutex(coroutines: Int, turns: Int, contended: Boolean, parallel: Boolean): Long =
  runBlocking(context(parallel)) {
    val mutex = Mutex()
    val counter = Counter()
    coroutineScope {
      repeat(coroutines) {
        launch {
          repeat(turns / coroutines) {
            mutex.lock()
            try {
              counter.value++
              if (contended) yield()
            } finally {
              mutex.unlock()
            }
          }
        }
      }
    }
    counter.value
  }

/** Coroutines that share a semaphore of one permit; the holder yields if [contended]. */
fun semaphore(coroutines: Int, turns: Int, contended: Boolean, parallel: Boolean): Long =
  runBlocking(context(parallel)) {
    val semaphore = Semaphore(1)
    val counter = Counter()
    coroutineScope {
      repeat(coroutines) {
        launch {
          repeat(turns / coroutines) {
            semaphore.acquire()
            try {
              counter.value++
              if (contended) yield()
            } finally {
              semaphore.release()
            }
          }
        }
      }
    }
    counter.value
  }

/** One coroutine sends to another; [capacity] 0 is a rendezvous. */
fun channel(items: Int, capacity: Int, parallel: Boolean): Long =
  runBlocking(context(parallel)) {
    val channel = Channel<Int>(capacity)
    launch {
      for (i in 1..items) channel.send(i)
      channel.close()
    }
    var sum = 0L
    for (item in channel) sum += item
    sum
  }

/** A coroutine for each channel sends, and one receives from whichever comes first. */
fun selectFrom(channels: Int, items: Int, parallel: Boolean): Long =
  runBlocking(context(parallel)) {
    val all = List(channels) { Channel<Int>() }
    for (channel in all) {
      launch { for (i in 1..items / channels) channel.send(i) }
    }
    var sum = 0L
    repeat(items / channels * channels) {
      sum += select<Int> { for (channel in all) channel.onReceive { item -> item } }
    }
    sum
  }

/** One coroutine tells all the others. */
fun broadcast(items: Int, readers: Int, parallel: Boolean): Long =
  runBlocking(context(parallel)) {
    val flow = MutableSharedFlow<Int>(extraBufferCapacity = 1_024)
    val counter = java.util.concurrent.atomic.AtomicLong()
    coroutineScope {
      repeat(readers) {
        launch {
          var sum = 0L
          flow.takeWhile { it > 0 }.collect { sum += it }
          counter.addAndGet(sum)
        }
      }
      flow.subscriptionCount.let { count -> while (count.value < readers) yield() }
      for (i in 1..items) flow.emit(i)
      flow.emit(0)
    }
    counter.get()
  }

private class BoundedQueue(capacity: Int) {
  private val mutex = Mutex()
  private val room = Semaphore(capacity)
  private val items = Semaphore(capacity, acquiredPermits = capacity)
  private val queue = ArrayDeque<Int>(capacity)

  suspend fun put(item: Int) {
    room.acquire()
    mutex.withLock { queue.addLast(item) }
    items.release()
  }

  suspend fun take(): Int {
    items.acquire()
    val item = mutex.withLock { queue.removeFirst() }
    room.release()
    return item
  }
}

/** One coroutine puts into a queue of a mutex and two semaphores, and another takes. */
fun boundedQueue(items: Int, capacity: Int, parallel: Boolean): Long =
  runBlocking(context(parallel)) {
    val queue = BoundedQueue(capacity)
    launch { for (i in 1..items) queue.put(i) }
    var sum = 0L
    repeat(items) { sum += queue.take() }
    sum
  }

/** Coroutines on [Dispatchers.Default], each of which yields as long as a life of its own says. */
fun yieldWhile(coroutines: Int, lives: Supplier<BooleanSupplier>) =
  runBlocking(Dispatchers.Default) {
    repeat(coroutines) {
      launch {
        val life = lives.get()
        while (life.asBoolean) yield()
      }
    }
  }
