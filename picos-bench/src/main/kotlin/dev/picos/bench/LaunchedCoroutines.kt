package dev.picos.bench

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/** A scope on [Dispatchers.Default] that takes tasks from any thread until it is closed. */
class LaunchedCoroutines : AutoCloseable {
  private val scope = CoroutineScope(Dispatchers.Default)

  /** Launches a coroutine that does [task]. */
  fun submit(task: Runnable): Job = scope.launch { task.run() }

  override fun close() = scope.cancel()
}
