package dev.picos.tests.linearizability;

import java.util.List;

/**
 * The permits. An operation whose name ends in a number concerns so many. The order of those who
 * wait is not modeled: whoever wants more than there is may be the one that the others wait behind.
 */
final class SemaphoreModel implements Model<Integer> {
  private final int initial;

  SemaphoreModel(int initial) {
    this.initial = initial;
  }

  @Override
  public Integer initial() {
    return initial;
  }

  @Override
  public Integer after(Integer permits, Operation operation) {
    int count = count(operation);
    return switch (operation.name.replaceAll("\\d", "")) {
      case "acquire" ->
          permits >= count && operation.returned(null) ? (Integer) (permits - count) : null;
      case "tryAcquire" ->
          operation.returned(permits >= count)
              ? (Integer) (permits >= count ? permits - count : permits)
              : null;
      case "release" -> (Integer) (permits + count);
      case "availablePermits" -> operation.returned(permits) ? permits : null;
      default -> throw new AssertionError(operation);
    };
  }

  @Override
  public boolean waits(Integer permits, Operation operation) {
    return operation.name.startsWith("acquire") && permits < count(operation);
  }

  @Override
  public boolean wait(Integer permits, List<Operation> operations) {
    return operations.isEmpty()
        || operations.stream().anyMatch(operation -> waits(permits, operation));
  }

  @Override
  public Integer afterGrant(Integer permits, Operation canceled) {
    int count = count(canceled);
    return canceled.name.startsWith("acquire") && permits >= count ? permits - count : null;
  }

  @Override
  public Integer afterReturn(Integer permits, Operation canceled) {
    return permits + count(canceled);
  }

  private static int count(Operation operation) {
    String digits = operation.name.replaceAll("\\D", "");
    return digits.isEmpty() ? 1 : Integer.parseInt(digits);
  }
}
