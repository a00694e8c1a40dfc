package dev.picos.domains;

/** Work for a domain: typically the loop of a scheduler. */
@FunctionalInterface
public interface DomainTask {
  /**
   * Owns the domain's thread until it returns. Should return as soon as it has nothing to do, and
   * as soon as {@link Domain#isRecalled} says that whoever lent the domain needs it. Before it
   * returns for lack of work it must look once more, after it has made known that it leaves: work
   * that arrives between a last look and the return is lost otherwise.
   *
   * <p>May throw {@link DomainsTerminated}. Whatever else it throws is reported to the thread's
   * uncaught-exception handler and by {@link Domains#close}, and the domain goes back to the pool.
   */
  void run(Domain here);
}
