package dev.picos.examples;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.Callable;

/**
 * Accounts in a database, by plain JDBC and a pool of connections. Nothing here knows of fibers:
 * whoever calls a method waits for a connection, and for the locks of other transactions.
 */
final class Bank implements AutoCloseable {
  static final int ACCOUNTS = 100;
  static final long OPENING_BALANCE = 1_000;

  /** What has become of a transfer. */
  enum Transfer {
    DONE,
    NO_SUCH_ACCOUNT,
    TOO_LITTLE_MONEY
  }

  private final HikariDataSource pool;

  /**
   * Opens a bank of its own, in memory.
   *
   * @param connections how many callers use the database at the same time
   * @param patience how long a caller waits for a connection at most
   */
  Bank(int connections, Duration patience) throws SQLException {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    config.setMaximumPoolSize(connections);
    config.setConnectionTimeout(patience.toMillis());
    pool = new HikariDataSource(config);
    try (Connection connection = pool.getConnection();
        PreparedStatement create =
            connection.prepareStatement(
                "create table account (id int primary key, balance bigint not null)"
                    + " as select x, cast(? as bigint) from system_range(1, ?)")) {
      create.setLong(1, OPENING_BALANCE);
      create.setInt(2, ACCOUNTS);
      create.execute();
    } catch (Throwable failed) {
      pool.close();
      throw failed;
    }
  }

  /** Returns what is in an account, or nothing if there is no such account. */
  OptionalLong balance(int account) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      return balance(connection, "select balance from account where id = ?", account);
    }
  }

  private static OptionalLong balance(Connection connection, String query, int account)
      throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(query)) {
      select.setInt(1, account);
      try (ResultSet result = select.executeQuery()) {
        return result.next() ? OptionalLong.of(result.getLong(1)) : OptionalLong.empty();
      }
    }
  }

  // region transfer
  /** Moves money from one account to another, or does nothing and says why. */
  Transfer transfer(int from, int to, long amount) throws SQLException {
    try (Connection connection = pool.getConnection()) { // which undoes what is not committed
      connection.setAutoCommit(false);
      boolean isUpwards = from < to; // all lock the lower account first, so there is no deadlock
      OptionalLong first = lock(connection, isUpwards ? from : to);
      OptionalLong second = lock(connection, isUpwards ? to : from);
      OptionalLong source = isUpwards ? first : second;
      if (first.isEmpty() || second.isEmpty()) {
        return Transfer.NO_SUCH_ACCOUNT;
      }
      if (source.getAsLong() < amount) {
        return Transfer.TOO_LITTLE_MONEY;
      }
      add(connection, from, -amount);
      add(connection, to, amount);
      connection.commit();
      return Transfer.DONE;
    }
  }

  // endregion

  private static OptionalLong lock(Connection connection, int account) throws SQLException {
    return balance(connection, "select balance from account where id = ? for update", account);
  }

  private static void add(Connection connection, int account, long amount) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement("update account set balance = balance + ? where id = ?")) {
      update.setLong(1, amount);
      update.setInt(2, account);
      update.executeUpdate();
    }
  }

  /** Returns what is in all accounts together, which no transfer changes. */
  long total() throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement select = connection.prepareStatement("select sum(balance) from account");
        ResultSet result = select.executeQuery()) {
      result.next();
      return result.getLong(1);
    }
  }

  /** Returns how many connections are being used. */
  int busy() {
    return pool.getHikariPoolMXBean().getActiveConnections();
  }

  /** Calls {@code action} while the caller has a connection, and locks an account, for tests. */
  <T> T whileLocked(int account, Callable<T> action) throws Exception {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      lock(connection, account);
      return action.call();
    }
  }

  /** Closes all connections. The database ends with them. */
  @Override
  public void close() {
    try (Connection connection = pool.getConnection();
        PreparedStatement shutdown = connection.prepareStatement("shutdown")) {
      shutdown.execute();
    } catch (SQLException gone) {
      // It ends with the JVM.
    } finally {
      pool.close();
    }
  }
}
