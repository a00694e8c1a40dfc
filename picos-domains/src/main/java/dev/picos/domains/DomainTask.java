package dev.picos.domains;

/** Work for a domain: typically the loop of a scheduler. */
@FunctionalInterface
public interface DomainTask {
  /**
   * Does the work. The task owns the domain's thread until it returns. It should return as soon as
   * it has nothing to do, and as soon as {@link Domain#isRecalled} says that the lender of the
   * domain needs it. Before it returns for lack of work, it must make known that it leaves and then
   * look once more: otherwise, work that arrives between its last look and its return is lost.
   *
   * <p>Whatever it throws is reported to the thread's uncaught-exception handler, and the domain
   * goes back to the pool.
   */
  void run(Domain here);
}
