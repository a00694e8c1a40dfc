package dev.picos.examples;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A web service on a database, whose drivers and pools know nothing of fibers. */
@Command(
    name = "jdbc",
    description = {
      "Serves HTTP with a fiber for each request, until Ctrl-C, from a database that is asked by plain"
          + " JDBC through a pool of a few connections.",
      "GET /accounts/1 says what is in an account, POST '/transfers?from=1&to=2&amount=30' moves money,"
          + " and GET /total says what is in all accounts together, which never changes."
    },
    mixinStandardHelpOptions = true)
final class JdbcCommand implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @Mixin private Serving serving;

  @Option(
      names = "--connections",
      defaultValue = "5",
      description = "how many connections the pool has (default: ${DEFAULT-VALUE})")
  private int connections;

  @Override
  public Integer call() throws Exception {
    if (connections < 1) {
      throw serving.refused("--connections must be positive: " + connections);
    }
    try (Bank bank = new Bank(connections, PATIENCE)) {
      BankPages pages = new BankPages(bank);
      return serving.serve(
          pages.pages(), "/accounts/1, /transfers and /total", () -> result(bank, pages));
    }
  }

  private static String result(Bank bank, BankPages pages) throws SQLException {
    return String.format(
        Locale.ROOT,
        "%,d transfers, and %,d in all accounts; connections that are not back: %d",
        pages.transfers(),
        bank.total(),
        bank.busy());
  }
}
