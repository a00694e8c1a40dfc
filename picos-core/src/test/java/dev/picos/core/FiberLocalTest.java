package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FiberLocalTest {
  private final FiberLocal<String> local = new FiberLocal<>();
  private final Fiber fiber = new Fiber(new Computation<>());

  @Test
  void get_beforeSet() {
    // A local that is not set has no value to get, and the default is given instead
    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(() -> local.get(fiber));
    assertThat(local.getOrDefault(fiber, "default")).isEqualTo("default");
    assertThat(local.getOrDefault(fiber, null)).isNull();
  }

  @Test
  void get_afterSet() {
    // Once set, a local gives its value and no default
    local.set(fiber, "value");

    assertThat(local.get(fiber)).isEqualTo("value");
    assertThat(local.getOrDefault(fiber, "default")).isEqualTo("value");
  }

  @Test
  void set_replaces() {
    // Setting again replaces the value
    local.set(fiber, "first");

    local.set(fiber, "second");

    assertThat(local.get(fiber)).isEqualTo("second");
  }

  @Test
  void remove_unsets() {
    // Once removed, a local is not set
    local.set(fiber, "value");

    local.remove(fiber);

    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(() -> local.get(fiber));
    assertThat(local.getOrDefault(fiber, "default")).isEqualTo("default");
  }

  @Test
  void remove_whenNotSet() {
    // removing what is not set does nothing, in a fiber with other locals and in one without
    FiberLocal<String> other = new FiberLocal<>();
    Fiber withOther = new Fiber(new Computation<>());
    local.set(withOther, "value");

    other.remove(fiber);
    other.remove(withOther);

    assertThat(other.getOrDefault(fiber, "default")).isEqualTo("default");
    assertThat(other.getOrDefault(withOther, "default")).isEqualTo("default");
    assertThat(local.get(withOther)).isEqualTo("value");
  }

  @Test
  void locals_areIndependent() {
    // What is done to one local leaves the others alone, however many there are
    List<FiberLocal<Integer>> locals =
        Stream.generate(() -> new FiberLocal<Integer>()).limit(1_000).toList();
    IntStream.range(0, 1_000).forEach(i -> locals.get(i).set(fiber, i));

    locals.get(500).remove(fiber);
    locals.get(501).set(fiber, -1);

    assertThat(locals.get(500).getOrDefault(fiber, null)).isNull();
    assertThat(locals.get(501).get(fiber)).isEqualTo(-1);
    assertThat(IntStream.range(0, 500)).allMatch(i -> locals.get(i).get(fiber).equals(i));
    assertThat(IntStream.range(502, 1_000)).allMatch(i -> locals.get(i).get(fiber).equals(i));
  }

  @Test
  void fibers_areIndependent() {
    // each fiber has a value of its own
    Fiber other = new Fiber(new Computation<>());

    local.set(fiber, "value");

    assertThat(local.getOrDefault(other, "default")).isEqualTo("default");
  }

  @Test
  void null_isAValue() {
    // A local set to null is set
    local.set(fiber, null);

    assertThat(local.get(fiber)).isNull();
    assertThat(local.getOrDefault(fiber, "default")).isNull();
  }

  @Test
  void reserve_doesNotSet() {
    // reserving room sets nothing, and unsets nothing
    FiberLocal<String> other = new FiberLocal<>();
    other.set(fiber, "value");

    local.reserve(fiber);
    other.reserve(fiber);

    assertThat(local.getOrDefault(fiber, "default")).isEqualTo("default");
    assertThat(other.get(fiber)).isEqualTo("value");
  }

  @Test
  void reserve_makesRoom() {
    // after a reserve, setting needs no more room
    local.reserve(fiber);
    Object[] reserved = fiber.locals;

    local.set(fiber, "value");

    assertThat(fiber.locals).isSameAs(reserved);
  }

  @Test
  void nullFiber_isRefused() {
    // null is not a fiber
    assertThatNullPointerException().isThrownBy(() -> local.get(null));
    assertThatNullPointerException().isThrownBy(() -> local.getOrDefault(null, "default"));
    assertThatNullPointerException().isThrownBy(() -> local.set(null, "value"));
    assertThatNullPointerException().isThrownBy(() -> local.remove(null));
    assertThatNullPointerException().isThrownBy(() -> local.reserve(null));
  }
}
