package dev.picos.tests.linearizability;

/** The permits. */
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
    return switch (operation.name) {
      case "acquire" -> permits > 0 && operation.returned(null) ? (Integer) (permits - 1) : null;
      case "tryAcquire" ->
          operation.returned(permits > 0) ? (Integer) Math.max(permits - 1, 0) : null;
      case "release" -> (Integer) (permits + 1);
      case "availablePermits" -> operation.returned(permits) ? permits : null;
      default -> throw new AssertionError(operation);
    };
  }

  @Override
  public boolean waits(Integer permits, Operation operation) {
    return operation.name.equals("acquire") && permits == 0;
  }

  @Override
  public Integer afterGrant(Integer permits, Operation canceled) {
    return canceled.name.equals("acquire") && permits > 0 ? permits - 1 : null;
  }

  @Override
  public Integer afterReturn(Integer permits, Operation canceled) {
    return permits + 1;
  }
}
