package dev.picos.tests.kotlin

import dev.picos.core.Computation
import dev.picos.core.Fiber
import dev.picos.domains.Service
import dev.picos.interop.FiberExecutor
import dev.picos.sched.fifo.FifoScheduler
import dev.picos.sched.multififo.MultiFifoScheduler
import dev.picos.std.structured.Control
import dev.picos.std.structured.TerminateException
import dev.picos.std.sync.Ivar
import dev.picos.testing.Wait
import dev.picos.testing.fibers.Canceled
import java.io.IOException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.atomic.AtomicReference
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource

/** What the documentation shows of Kotlin. */
class RecipeTest {
  /** The schedulers that have services. */
  enum class Served(val start: () -> Service) {
    FIFO({ FifoScheduler.create().start() }),
    MULTIFIFO({ MultiFifoScheduler.create().start() }),
  }

  /**
   * The same, and the one that needs neither a service nor a flag. Kotlin compiles against the JDK that Maven runs on,
   * so nothing here uses what has come after Java 17.
   */
  enum class Kind(private val served: Served?, private val carrier: String) {
    FIFO(Served.FIFO, "picos"),
    MULTIFIFO(Served.MULTIFIFO, "picos"),
    THREADS(null, "ForkJoinPool");

    fun onExecutor(test: (FiberExecutor) -> Unit) {
      served?.start().use { service ->
        val executor =
          if (service == null) FiberExecutor.create() else FiberExecutor.of(service::submit)
        try {
          test(executor)
        } finally {
          executor.close()
        }
      }
    }

    /** Runs a test as a coroutine in fibers. */
    fun onDispatcher(test: suspend CoroutineScope.(CoroutineDispatcher) -> Unit) {
      val service = served?.start()
      val dispatcher = service?.asDispatcher() ?: FiberExecutor.create().asCoroutineDispatcher()
      service.use { dispatcher.use { runBlocking(dispatcher) { test(dispatcher) } } }
    }

    fun runsThisThread(): Boolean =
      Thread.currentThread().toString().matches(Regex("VirtualThread\\[.*@$carrier.*"))
  }

  /** A fiber that is going on. */
  private class Going<T>(executor: FiberExecutor, body: () -> T) {
    private val outcome = CompletableFuture<Result<T>>()
    private val begun = CompletableFuture<Pair<Thread, Computation<*>>>()

    init {
      executor.execute {
        begun.complete(Thread.currentThread() to Fiber.current().computation())
        outcome.complete(runCatching(body))
      }
    }

    fun untilItWaits() = Wait.until { begun.join().first.state == Thread.State.WAITING }

    fun interrupt() = begun.join().first.interrupt()

    fun cancel(reason: Throwable) = begun.join().second.tryCancel(reason)

    fun result(): T = outcome.join().getOrThrow()
  }

  private val failure = IllegalStateException("failed")
  private val reason = TerminateException()

  private suspend fun Job.isCanceledInTheEnd(): Boolean {
    join()
    return isCancelled
  }

  /** Waits for ever, and tells what has ended that. */
  private fun waitAndTell(thrown: CompletableFuture<Throwable>, begun: CountDownLatch) {
    begun.countDown()
    try {
      Ivar<Unit>().read()
    } catch (end: Throwable) {
      thrown.complete(end)
      throw end
    }
  }

  // Waiting for a coroutine

  @ParameterizedTest
  @EnumSource
  fun fiber_awaitsACoroutine(kind: Kind) = kind.onExecutor { executor ->
    val answer = CompletableDeferred<Int>()
    val fiber = Going(executor) { answer.awaitInFiber() }
    fiber.untilItWaits()

    answer.complete(42)

    assertThat(fiber.result()).isEqualTo(42)
  }

  @ParameterizedTest
  @EnumSource
  fun fiber_awaitsACoroutineThatIsOver(kind: Kind) = kind.onExecutor { executor ->
    // also if it has failed, with the very exception, or has returned no value
    val done = CompletableDeferred(42)
    val nothing = CompletableDeferred<Int?>().apply { complete(null) }
    val failed = CompletableDeferred<Int>().apply { completeExceptionally(failure) }

    assertThat(Going(executor) { done.awaitInFiber() }.result()).isEqualTo(42)
    assertThat(Going(executor) { nothing.awaitInFiber() }.result()).isNull()
    assertThatThrownBy { Going(executor) { failed.awaitInFiber() }.result() }.isSameAs(failure)
  }

  @ParameterizedTest
  @EnumSource
  fun fiber_beginsALazyCoroutine(kind: Kind) = kind.onExecutor { executor ->
    val coroutine = CoroutineScope(Dispatchers.Default).async(start = CoroutineStart.LAZY) { 42 }

    assertThat(Going(executor) { coroutine.awaitInFiber() }.result()).isEqualTo(42)
  }

  @ParameterizedTest
  @EnumSource
  fun failureOfACoroutine_isThrownInTheFiber(kind: Kind) = kind.onExecutor { executor ->
    val answer = CompletableDeferred<Int>()
    val fiber = Going(executor) { answer.awaitInFiber() }
    fiber.untilItWaits()

    answer.completeExceptionally(failure)

    assertThatThrownBy { fiber.result() }.isSameAs(failure)
  }

  @ParameterizedTest
  @EnumSource
  fun cancelationOfACoroutine_isThrownInTheFiber(kind: Kind) = kind.onExecutor { executor ->
    // which is not canceled itself
    val answer = CompletableDeferred<Int>()
    val fiber = Going(executor) { runCatching { answer.awaitInFiber() }.also { Fiber.yield() } }
    fiber.untilItWaits()

    answer.cancel()

    assertThat(fiber.result().exceptionOrNull()).isInstanceOf(CancellationException::class.java)
  }

  @ParameterizedTest
  @EnumSource
  fun fiberThatIsCanceled_cancelsTheCoroutine(kind: Kind) = kind.onExecutor { executor ->
    // while it waits
    runBlocking {
      val coroutine = waitingForEver()
      val fiber = Going(executor) { coroutine.awaitInFiber() }
      fiber.untilItWaits()

      fiber.cancel(reason)

      assertThatThrownBy { fiber.result() }.isSameAs(reason)
      assertThat(coroutine.isCanceledInTheEnd()).isTrue()
    }
  }

  @ParameterizedTest
  @EnumSource
  fun fiberThatWasCanceled_cancelsTheCoroutine(kind: Kind) = kind.onExecutor { executor ->
    // before it waits
    runBlocking {
      val coroutine = waitingForEver()
      val fiber =
        Going(executor) { Canceled.with<Exception>(reason) { coroutine.awaitInFiber() } }

      assertThatThrownBy { fiber.result() }.isSameAs(reason)
      assertThat(coroutine.isCanceledInTheEnd()).isTrue()
    }
  }

  @ParameterizedTest
  @EnumSource
  fun fiberThatWasCanceled_takesWhatIsThere(kind: Kind) = kind.onExecutor { executor ->
    // of a coroutine that is over, which is not canceled any more
    val done = CompletableDeferred(42)
    val answer = CompletableFuture<Int>()

    Going(executor) { Canceled.with<Exception>(reason) { answer.complete(done.awaitInFiber()) } }

    assertThat(answer.join()).isEqualTo(42)
    assertThat(done.isCancelled).isFalse()
  }

  @ParameterizedTest
  @EnumSource
  fun interrupt_doesNotEndTheWait(kind: Kind) = kind.onExecutor { executor ->
    // and is kept
    val answer = CompletableDeferred<Int>()
    val fiber = Going(executor) { answer.awaitInFiber() to Thread.interrupted() }
    fiber.untilItWaits()

    fiber.interrupt()
    answer.complete(42)

    assertThat(fiber.result()).isEqualTo(42 to true)
  }

  private fun CoroutineScope.waitingForEver(): Deferred<Unit> =
    async(Dispatchers.Default, CoroutineStart.UNDISPATCHED) { awaitCancellation() }

  // Waiting for a fiber

  @ParameterizedTest
  @EnumSource
  fun coroutine_awaitsAFiber(served: Served): Unit = runBlocking {
    served.start().use { service ->
      val answer = Ivar<Int>()
      val result = async(start = CoroutineStart.UNDISPATCHED) { service.inFiber { answer.read() } }

      answer.fill(42)

      assertThat(result.await()).isEqualTo(42)
    }
  }

  @ParameterizedTest
  @EnumSource
  fun failureOfAFiber_isThatOfTheCoroutine(served: Served): Unit = runBlocking {
    // of the same class, since Kotlin throws a copy that has the frames of the coroutine
    served.start().use { service ->
      val result = runCatching { service.inFiber<Int> { throw IOException("failed") } }

      assertThat(result.exceptionOrNull())
        .isInstanceOf(IOException::class.java)
        .hasMessageContaining("failed")
    }
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatIsCanceled_cancelsTheFiber(served: Served): Unit = runBlocking {
    // while the fiber waits
    served.start().use { service ->
      val thrown = CompletableFuture<Throwable>()
      val begun = CountDownLatch(1)
      val coroutine =
        launch(start = CoroutineStart.UNDISPATCHED) {
          service.inFiber { waitAndTell(thrown, begun) }
        }
      begun.await()

      coroutine.cancel()

      assertThat(coroutine.isCanceledInTheEnd()).isTrue()
      assertThat(thrown.join()).isInstanceOf(CancellationException::class.java)
    }
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatWasCanceled_cancelsTheFiber(served: Served): Unit = runBlocking {
    // which it has started even so
    served.start().use { service ->
      val thrown = CompletableFuture<Throwable>()
      val coroutine =
        launch(start = CoroutineStart.UNDISPATCHED) {
          coroutineContext.cancel()
          service.inFiber { waitAndTell(thrown, CountDownLatch(1)) }
        }

      assertThat(coroutine.isCanceledInTheEnd()).isTrue()
      assertThat(thrown.join()).isInstanceOf(CancellationException::class.java)
    }
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatIsCanceledLater_leavesTheFiberAlone(served: Served): Unit = runBlocking {
    served.start().use { service ->
      val computation = AtomicReference<Computation<*>>()
      val coroutine =
        launch(start = CoroutineStart.UNDISPATCHED) {
          service.inFiber { computation.set(Fiber.current().computation()) }
          coroutineContext.cancel()
        }

      assertThat(coroutine.isCanceledInTheEnd()).isTrue()
      assertThat(computation.get().isCanceled).isFalse()
    }
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatIsCanceled_doesNotWaitForItsFiber(served: Served): Unit = runBlocking {
    // to clean up
    served.start().use { service ->
      val begun = CountDownLatch(1)
      val cleaned = CountDownLatch(1)
      val coroutine =
        launch(start = CoroutineStart.UNDISPATCHED) {
          service.inFiber {
            begun.countDown()
            cleaned.await()
          }
        }
      begun.await()

      coroutine.cancel()

      assertThat(coroutine.isCanceledInTheEnd()).isTrue()
      cleaned.countDown()
    }
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineOfAClosedService_fails(served: Served): Unit = runBlocking {
    val service = served.start()
    service.close()

    val result = runCatching { service.inFiber { 42 } }

    assertThat(result.exceptionOrNull()).hasMessageContaining("has been closed")
  }

  // Coroutines in fibers

  @ParameterizedTest
  @EnumSource
  fun dispatcher_runsCoroutinesInFibers(kind: Kind) = kind.onDispatcher {
    // before and after whatever suspends them
    assertThat(kind.runsThisThread()).isTrue()
    Fiber.yield()
    delay(1)
    assertThat(kind.runsThisThread()).isTrue()

    val failed = runCatching { withContext(Dispatchers.Default) { throw failure } }

    assertThat(failed.exceptionOrNull()).hasMessage("failed")
    assertThat(kind.runsThisThread()).isTrue()
  }

  @ParameterizedTest
  @EnumSource
  fun dispatcher_runsManyCoroutines(kind: Kind) = kind.onDispatcher {
    // all of which sleep at the same time
    val numbers =
      (1..10_000).map { number ->
        async {
          delay(1)
          number
        }
      }

    assertThat(numbers.awaitAll().sum()).isEqualTo(50_005_000)
  }

  @ParameterizedTest
  @EnumSource
  fun coroutines_useChannelsOfKotlin(kind: Kind) = kind.onDispatcher {
    val numbers = Channel<Int>()
    launch {
      repeat(1_000) { numbers.send(it) }
      numbers.close()
    }

    val received = mutableListOf<Int>()
    for (number in numbers) {
      received += number
    }

    assertThat(received).isEqualTo((0..<1_000).toList())
  }

  @ParameterizedTest
  @EnumSource
  fun coroutines_waitForEachOtherAsFibers(kind: Kind) = kind.onDispatcher {
    // which suspends the fiber of one, and no thread of the scheduler
    val ivar = Ivar<Int>()
    val reader = async { ivar.read() }

    launch { ivar.fill(42) }

    assertThat(reader.await()).isEqualTo(42)
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatIsCanceled_cleansUpInAFiber(kind: Kind) = kind.onDispatcher {
    val isInFiber = CompletableDeferred<Boolean>()
    val coroutine =
      launch(start = CoroutineStart.UNDISPATCHED) {
        try {
          awaitCancellation()
        } finally {
          isInFiber.complete(kind.runsThisThread())
        }
      }

    coroutine.cancel()

    assertThat(isInFiber.await()).isTrue()
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatComesAfterTheEnd_isCanceled(served: Served): Unit = runBlocking {
    // whichever of the two has been closed
    val service = served.start()
    val dispatcher = service.asDispatcher()
    val closed = service.asDispatcher().apply { close() }

    val late = CoroutineScope(closed).launch {}
    assertThat(late.isCanceledInTheEnd()).isTrue()

    service.close()
    val tooLate = CoroutineScope(dispatcher).launch {}
    assertThat(tooLate.isCanceledInTheEnd()).isTrue()
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatGoesOnAfterTheEnd_isCanceled(served: Served): Unit = runBlocking {
    // and cleans up even so
    val begun = CountDownLatch(1)
    val end = CompletableDeferred<Unit>()
    val cleaned = CompletableDeferred<Unit>()
    val service = served.start()
    val coroutine =
      CoroutineScope(service.asDispatcher()).launch {
        try {
          begun.countDown()
          end.await()
        } finally {
          cleaned.complete(Unit)
        }
      }
    begun.await()

    service.close() // which does not know of a coroutine that is suspended
    end.complete(Unit)

    assertThat(coroutine.isCanceledInTheEnd()).isTrue()
    assertThat(cleaned.isCompleted).isTrue()
  }

  // Waiting as fibers do

  @ParameterizedTest
  @EnumSource
  fun coroutine_waitsAsAFiber(kind: Kind) = kind.onDispatcher {
    val ivar = Ivar<Int>()
    val reader = async { waitAsFiber { ivar.read() } }

    launch { ivar.fill(42) }

    assertThat(reader.await()).isEqualTo(42)
  }

  @ParameterizedTest
  @EnumSource
  fun failureOfAWait_isThatOfTheCoroutine(kind: Kind) = kind.onDispatcher {
    val result = runCatching { waitAsFiber<Int> { throw IOException("failed") } }

    assertThat(result.exceptionOrNull())
      .isInstanceOf(IOException::class.java)
      .hasMessageContaining("failed")
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatIsCanceled_endsItsWait(kind: Kind) = kind.onDispatcher { dispatcher ->
    val thrown = CompletableFuture<Throwable>()
    val begun = CountDownLatch(1)
    val coroutine = launch(dispatcher) { waitAsFiber { waitAndTell(thrown, begun) } }
    begun.await()

    coroutine.cancel()

    assertThat(coroutine.isCanceledInTheEnd()).isTrue()
    assertThat(thrown.join()).hasCauseInstanceOf(InterruptedException::class.java)
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatIsCanceled_endsItsBlockingCall(kind: Kind) = kind.onDispatcher {
    // of the JDK
    val begun = CountDownLatch(1)
    val coroutine = launch {
      waitAsFiber {
        begun.countDown()
        LinkedBlockingQueue<Int>().take()
      }
    }
    begun.await()

    coroutine.cancel()

    assertThat(coroutine.isCanceledInTheEnd()).isTrue()
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatIsCanceled_waitsForTheEndOfItsWait(kind: Kind) = kind.onDispatcher {
    // so that what cleans up has done so
    val begun = CountDownLatch(1)
    val cleaned = AtomicReference<Boolean>()
    val coroutine = launch {
      waitAsFiber {
        try {
          waitAndTell(CompletableFuture(), begun)
        } finally {
          Control.runProtected<Exception> { Fiber.yield() }
          cleaned.set(true)
        }
      }
    }
    begun.await()

    coroutine.cancel()

    assertThat(coroutine.isCanceledInTheEnd()).isTrue()
    assertThat(cleaned.get()).isTrue()
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatWasCanceled_doesNotWait(kind: Kind) = kind.onDispatcher {
    val thrown = CompletableFuture<Throwable>()
    val coroutine = launch {
      coroutineContext.job.cancel()
      waitAsFiber { waitAndTell(thrown, CountDownLatch(1)) }
    }

    assertThat(coroutine.isCanceledInTheEnd()).isTrue()
    assertThat(thrown.isDone).isFalse()
  }

  @ParameterizedTest
  @EnumSource
  fun cancelation_leavesNoInterrupt(kind: Kind) = kind.onDispatcher {
    // to whatever runs in the thread of the fiber after that
    val begun = CountDownLatch(1)
    val isInterrupted = CompletableDeferred<Boolean>()
    val coroutine = launch {
      try {
        waitAsFiber { waitAndTell(CompletableFuture(), begun) }
      } finally {
        isInterrupted.complete(Thread.currentThread().isInterrupted)
      }
    }
    begun.await()

    coroutine.cancel()

    assertThat(isInterrupted.await()).isFalse()
  }
}
