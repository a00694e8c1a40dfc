package dev.picos.examples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/** A bank as pages of a web server. */
final class BankPages {
  private static final String ACCOUNT = "/accounts/";

  /** What a page answers. */
  private record Answer(int status, String line) {}

  private interface Page {
    Answer answer(HttpExchange exchange) throws SQLException;
  }

  private final Bank bank;
  private final LongAdder transfers = new LongAdder();

  BankPages(Bank bank) {
    this.bank = bank;
  }

  Map<String, HttpHandler> pages() {
    return Map.of(
        ACCOUNT,
        exchange -> answer(exchange, "GET", this::account),
        "/transfers",
        exchange -> answer(exchange, "POST", this::transfer),
        "/total",
        exchange -> answer(exchange, "GET", request -> new Answer(200, "" + bank.total())));
  }

  /** Returns how many transfers were done. */
  long transfers() {
    return transfers.sum();
  }

  private static void answer(HttpExchange exchange, String method, Page page) throws IOException {
    Answer answer;
    if (exchange.getRequestMethod().equals(method)) {
      try {
        answer = page.answer(exchange);
      } catch (IllegalArgumentException bad) {
        answer = new Answer(400, bad.getMessage());
      } catch (SQLTransientConnectionException busy) {
        answer = new Answer(503, "all connections are busy; try again");
      } catch (SQLException failed) {
        answer = new Answer(500, failed.getMessage());
      }
    } else {
      answer = new Answer(405, "use " + method);
    }
    WebServer.answer(exchange, answer.status, answer.line);
  }

  private Answer account(HttpExchange exchange) throws SQLException {
    String path = exchange.getRequestURI().getPath();
    int account = (int) number(path.substring(ACCOUNT.length()), Integer.MAX_VALUE);
    OptionalLong balance = bank.balance(account);
    return balance.isPresent()
        ? new Answer(200, "" + balance.getAsLong())
        : new Answer(404, "no account " + account);
  }

  private Answer transfer(HttpExchange exchange) throws SQLException {
    Map<String, String> parameters = parameters(exchange.getRequestURI().getQuery());
    int from = (int) number(parameters, "from", Integer.MAX_VALUE);
    int to = (int) number(parameters, "to", Integer.MAX_VALUE);
    long amount = number(parameters, "amount", Long.MAX_VALUE);
    if (from == to) {
      throw new IllegalArgumentException("from and to are the same account: " + from);
    }
    return switch (bank.transfer(from, to, amount)) {
      case DONE -> {
        transfers.increment();
        yield new Answer(200, "done");
      }
      case NO_SUCH_ACCOUNT -> new Answer(404, "no account " + from + ", or none " + to);
      case TOO_LITTLE_MONEY -> new Answer(409, "too little money in account " + from);
    };
  }

  private static Map<String, String> parameters(String query) {
    return query == null
        ? Map.of()
        : Arrays.stream(query.split("&"))
            .map(parameter -> parameter.split("=", 2))
            .filter(parameter -> parameter.length == 2)
            .collect(
                Collectors.toMap(
                    parameter -> parameter[0], parameter -> parameter[1], (one, other) -> other));
  }

  private static long number(Map<String, String> parameters, String name, long most) {
    String value = parameters.get(name);
    if (value == null) {
      throw new IllegalArgumentException("missing: " + name);
    }
    return number(value, most);
  }

  private static long number(String text, long most) {
    try {
      long number = Long.parseLong(text);
      if (number > 0 && number <= most) {
        return number;
      }
    } catch (NumberFormatException none) {
      // refused below
    }
    throw new IllegalArgumentException("expected a number from 1 to " + most + ": " + text);
  }
}
