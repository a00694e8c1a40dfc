package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.testing.Task;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InboxTest {
  /** A policy that keeps what it gets, and refuses one fiber once, as if there were no memory. */
  private static final class Kept implements Policy {
    final List<Ready> fibers = new ArrayList<>();
    @Nullable Ready refused;

    @Override
    public void ready(Ready fiber, boolean first) {
      if (fiber == refused) {
        refused = null;
        throw new OutOfMemoryError("by the test");
      }
      fibers.add(fiber);
    }

    @Override
    public @Nullable Ready next() {
      return null;
    }

    @Override
    public boolean isEmpty() {
      return true;
    }

    @Override
    public boolean spend(Operation operation) {
      return false;
    }
  }

  private final Kept policy = new Kept();
  private final Execution execution = new Execution(policy);
  private final Seat seat = Seat.all(execution, List.of(policy)).get(0);

  private static List<Ready> newFibers(int count) {
    return IntStream.range(0, count)
        .<Ready>mapToObj(i -> new Start(new Fiber(new Computation<>()), fiber -> {}))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 64})
  void whatAThreadAdds_comesOutInOrder_once(int domains) throws Exception {
    Inbox inbox = new Inbox(domains);
    List<List<Ready>> added = IntStream.range(0, 4).mapToObj(i -> newFibers(20_000)).toList();
    List<Task<@Nullable Void>> tasks = new ArrayList<>();
    for (List<Ready> some : added) {
      tasks.add(
          Task.start(
              () -> {
                some.forEach(inbox::add);
                return null;
              }));
    }
    while (policy.fibers.size() < 80_000) {
      inbox.emptyInto(seat);
    }
    for (Task<@Nullable Void> task : tasks) {
      task.result();
    }
    inbox.emptyInto(seat); // the last one may have been taken out before it was announced

    assertThat(inbox.isEmpty()).isTrue();
    Map<Ready, Integer> places = new HashMap<>();
    for (Ready fiber : policy.fibers) {
      assertThat(fiber.below).isNull();
      assertThat(places.put(fiber, places.size())).isNull();
    }
    for (List<Ready> some : added) {
      assertThat(some.stream().map(places::get)).isSorted().doesNotContainNull();
    }
  }

  @Test
  void onOneDomain_firstInFirstOut_whoeverAdds() throws Exception {
    Inbox inbox = new Inbox(1);
    List<Ready> fibers = newFibers(100);
    for (Ready fiber : fibers) {
      Task.start(
              () -> {
                inbox.add(fiber);
                return "added";
              })
          .result();
    }
    inbox.emptyInto(seat);

    assertThat(policy.fibers).isEqualTo(fibers);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4})
  void whatThePolicyHasNoMemoryFor_isLeftToTheDomain_inOrder(int place) {
    Inbox inbox = new Inbox(1);
    List<Ready> fibers = newFibers(5);
    fibers.forEach(inbox::add);
    policy.refused = fibers.get(place);

    assertThatThrownBy(() -> inbox.emptyInto(seat)).isInstanceOf(OutOfMemoryError.class);
    assertThat(policy.fibers).isEqualTo(fibers.subList(0, place));
    assertThat(execution.isEmpty(seat)).isFalse();

    execution.readyLate(seat);
    assertThat(policy.fibers).isEqualTo(fibers);
    assertThat(execution.isEmpty(seat)).isTrue();
  }

  @Test
  void whatThePolicyHasNoMemoryFor_doesNotHideOtherParts() throws Exception {
    Inbox inbox = new Inbox(4);
    List<Ready> fibers = newFibers(40);
    for (Ready fiber : fibers) {
      Task.start(
              () -> {
                inbox.add(fiber); // threads with numbers in a row have parts in a row
                return "added";
              })
          .result();
    }
    policy.refused = fibers.get(0);
    assertThatThrownBy(() -> inbox.emptyInto(seat)).isInstanceOf(OutOfMemoryError.class);

    assertThat(inbox.isEmpty()).isFalse();
    execution.readyLate(seat);
    inbox.emptyInto(seat);
    assertThat(policy.fibers).containsExactlyInAnyOrderElementsOf(fibers);
  }

  @Test
  void late_staysBeforeWhatIsReadyLater() {
    List<Ready> fibers = newFibers(5);
    fibers.subList(0, 3).forEach(execution.inbox::add);
    policy.refused = fibers.get(1);
    assertThatThrownBy(() -> execution.inbox.emptyInto(seat)).isInstanceOf(OutOfMemoryError.class);

    execution.inbox.add(fibers.get(3));
    execution.ready(fibers.get(4), seat);
    assertThat(policy.fibers).isEqualTo(fibers);
    assertThat(execution.isEmpty(seat)).isTrue();
  }

  @Test
  void late_isTriedOncePerLook_ifThereIsNoMemory() {
    List<Ready> fibers = newFibers(3);
    fibers.forEach(execution.inbox::add);
    policy.refused = fibers.get(0);
    assertThatThrownBy(() -> execution.inbox.emptyInto(seat)).isInstanceOf(OutOfMemoryError.class);

    policy.refused = fibers.get(1);
    execution.readyLate(seat); // and the domain can run what there is
    assertThat(policy.fibers).isEqualTo(fibers.subList(0, 1));
    execution.readyLate(seat);
    assertThat(policy.fibers).isEqualTo(fibers);
  }
}
