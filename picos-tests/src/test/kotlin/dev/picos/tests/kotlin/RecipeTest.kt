package dev.picos.tests.kotlin

import dev.picos.core.Fiber
import dev.picos.domains.Service
import dev.picos.interop.FiberExecutor
import dev.picos.sched.fifo.FifoScheduler
import dev.picos.sched.multififo.MultiFifoScheduler
import dev.picos.core.Body
import dev.picos.std.structured.TerminateException
import dev.picos.std.sync.Ivar
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource

/** What the documentation shows of Kotlin. */
class RecipeTest {
  enum class Kind(val start: () -> Service) {
    FIFO({ FifoScheduler.create().start() }),
    MULTIFIFO({ MultiFifoScheduler.create().start() }),
  }

  private val failure = IllegalStateException("failed")

  private fun <T> Service.call(body: () -> T): T = submit(Body<T, Exception> { body() }).await()

  // Waiting for a coroutine

  @ParameterizedTest
  @EnumSource
  fun fiber_awaitsACoroutine(kind: Kind) {
    kind.start().use { service ->
      val answer = CompletableDeferred<Int>()
      val waiting = CountDownLatch(1)
      val result =
        service.submit(
          Body<Int, Exception> {
            waiting.countDown()
            answer.awaitInFiber()
          }
        )
      waiting.await()
      answer.complete(42)

      assertThat(result.await()).isEqualTo(42)
    }
  }

  @ParameterizedTest
  @EnumSource
  fun fiber_awaitsACoroutineThatIsOver(kind: Kind) {
    // also if it has failed, with the very exception
    kind.start().use { service ->
      val done = CompletableDeferred(42)
      val failed = CompletableDeferred<Int>().apply { completeExceptionally(failure) }

      assertThat(service.call { done.awaitInFiber() }).isEqualTo(42)
      assertThatThrownBy { service.call { failed.awaitInFiber() } }.isSameAs(failure)
    }
  }

  @ParameterizedTest
  @EnumSource
  fun fiberThatIsCanceled_cancelsTheCoroutine(kind: Kind): Unit = runBlocking {
    // while it waits
    kind.start().use { service ->
      val coroutine = async(Dispatchers.Default, CoroutineStart.UNDISPATCHED) { awaitCancellation() }
      val waiting = CountDownLatch(1)
      val fiber =
        service.submit(
          Body<Unit, Exception> {
            waiting.countDown()
            coroutine.awaitInFiber()
          }
        )
      waiting.await()

      fiber.tryCancel(TerminateException())
      coroutine.join()

      assertThat(coroutine.isCancelled).isTrue()
    }
  }

  @ParameterizedTest
  @EnumSource
  fun fiberThatWasCanceled_cancelsTheCoroutine(kind: Kind): Unit = runBlocking {
    // before it waits
    kind.start().use { service ->
      val coroutine = async(Dispatchers.Default, CoroutineStart.UNDISPATCHED) { awaitCancellation() }
      val canceled = CountDownLatch(1)
      val fiber =
        service.submit(
          Body<Unit, Exception> {
            canceled.await()
            coroutine.awaitInFiber()
          }
        )

      fiber.tryCancel(TerminateException())
      canceled.countDown()
      coroutine.join()

      assertThat(coroutine.isCancelled).isTrue()
    }
  }

  // Waiting for a fiber

  @ParameterizedTest
  @EnumSource
  fun coroutine_awaitsAFiber(kind: Kind): Unit = runBlocking {
    kind.start().use { service ->
      val answer = Ivar<Int>()
      val result = async(start = CoroutineStart.UNDISPATCHED) { service.inFiber { answer.read() } }
      answer.fill(42)

      assertThat(result.await()).isEqualTo(42)
    }
  }

  @ParameterizedTest
  @EnumSource
  fun failureOfAFiber_isThatOfTheCoroutine(kind: Kind): Unit = runBlocking {
    kind.start().use { service ->
      val result = runCatching { service.inFiber<Int> { throw failure } }

      assertThat(result.exceptionOrNull()).isInstanceOf(IllegalStateException::class.java)
      assertThat(result.exceptionOrNull()).hasMessage("failed")
    }
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatIsCanceled_cancelsTheFiber(kind: Kind): Unit = runBlocking {
    kind.start().use { service ->
      val thrown = AtomicReference<Throwable>()
      val waiting = CountDownLatch(1)
      val coroutine =
        launch(start = CoroutineStart.UNDISPATCHED) {
          service.inFiber {
            waiting.countDown()
            try {
              Ivar<Int>().read()
            } catch (canceled: Throwable) {
              thrown.set(canceled)
              throw canceled
            }
          }
        }
      waiting.await()

      coroutine.cancel()
      coroutine.join()
      service.close() // waits for the fiber

      assertThat(coroutine.isCancelled).isTrue()
      assertThat(thrown.get()).isInstanceOf(CancellationException::class.java)
    }
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineOfAClosedService_fails(kind: Kind): Unit = runBlocking {
    val service = kind.start()
    service.close()

    val result = runCatching { service.inFiber { 42 } }

    assertThat(result.exceptionOrNull()).hasMessageContaining("has been closed")
  }

  // Coroutines in fibers

  private fun checkDispatcher(dispatcher: CoroutineDispatcher): Unit =
    runBlocking(dispatcher) {
      assertThat(Thread.currentThread().toString()).startsWith("VirtualThread[")
      Fiber.yield() // is an operation of fibers, which every coroutine may use

      val sum = AtomicInteger()
      (1..10_000)
        .map { number ->
          async {
            delay(1)
            sum.addAndGet(number)
          }
        }
        .awaitAll()
      assertThat(sum.get()).isEqualTo(50_005_000)

      val numbers = Channel<Int>()
      launch {
        repeat(1_000) { numbers.send(it) }
        numbers.close()
      }
      var next = 0
      for (number in numbers) {
        assertThat(number).isEqualTo(next++)
      }
      assertThat(next).isEqualTo(1_000)

      val failed = runCatching { withContext(Dispatchers.Default) { throw failure } }
      assertThat(failed.exceptionOrNull()).hasMessage("failed")
      assertThat(Thread.currentThread().toString()).startsWith("VirtualThread[")
    }

  @ParameterizedTest
  @EnumSource
  fun dispatcher_runsCoroutinesInFibers(kind: Kind) {
    kind.start().use { service -> checkDispatcher(service.asDispatcher()) }
  }

  @Test
  fun dispatcher_needsNoFlag() {
    val executor = FiberExecutor.create()
    try {
      checkDispatcher(executor.asCoroutineDispatcher())
    } finally {
      executor.close()
    }
  }

  @ParameterizedTest
  @EnumSource
  fun coroutinesAndFibers_waitForEachOther(kind: Kind) {
    // a coroutine waits in the way of fibers, which suspends its fiber and no thread of the scheduler
    kind.start().use { service ->
      runBlocking(service.asDispatcher()) {
        val ivar = Ivar<Int>()
        val reader = async { ivar.read() }
        launch { ivar.fill(42) }

        assertThat(reader.await()).isEqualTo(42)
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  fun coroutineThatIsCanceled_endsOnTheDispatcher(kind: Kind) {
    kind.start().use { service ->
      val ended = CountDownLatch(1)
      runBlocking(service.asDispatcher()) {
        val coroutine =
          launch(start = CoroutineStart.UNDISPATCHED) {
            try {
              awaitCancellation()
            } finally {
              assertThat(Thread.currentThread().toString()).startsWith("VirtualThread[")
              ended.countDown()
            }
          }
        coroutine.cancel()
      }
      assertThat(ended.await(0, TimeUnit.SECONDS)).isTrue()
    }
  }
}
