package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.picos.domains.Service;
import dev.picos.interop.FiberExecutor;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.testing.Wait;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A service with a database: its drivers, pool and locks know nothing of fibers. */
class BankTest {
  private static final int REQUESTS = 400;
  private static final int CONNECTIONS = 5;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long TOTAL = Bank.ACCOUNTS * Bank.OPENING_BALANCE;

  private final HttpClient client = HttpClient.newHttpClient();

  private enum Kind {
    THREADS,
    FIFO,
    MULTIFIFO
  }

  private interface Use {
    void of(WebServer server) throws Exception;
  }

  private static void serve(Kind kind, Bank bank, Use use) throws Exception {
    switch (kind) {
      case THREADS -> serve(FiberExecutor.create(), bank, use);
      case FIFO -> {
        try (Service service = FifoScheduler.create().start()) {
          serve(FiberExecutor.of(service::submit), bank, use);
        }
      }
      case MULTIFIFO -> {
        try (Service service = MultiFifoScheduler.create().start()) {
          serve(FiberExecutor.of(service::submit), bank, use);
        }
      }
    }
  }

  private static void serve(FiberExecutor executor, Bank bank, Use use) throws Exception {
    try (WebServer server = new WebServer(executor, 0, new BankPages(bank).pages())) {
      use.of(server);
    }
  }

  private static HttpRequest request(WebServer server, String method, String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + server.port() + path))
        .method(method, BodyPublishers.noBody())
        .build();
  }

  private HttpResponse<String> ask(WebServer server, String method, String path)
      throws IOException, InterruptedException {
    return client.send(request(server, method, path), BodyHandlers.ofString());
  }

  private CompletableFuture<HttpResponse<String>> begin(
      WebServer server, String method, String path) {
    return client.sendAsync(request(server, method, path), BodyHandlers.ofString());
  }

  /** Sends equal transfers, and waits until they have all connections but the one of the caller. */
  private List<CompletableFuture<HttpResponse<String>>> transfersThatWait(
      Bank bank, WebServer server, String parameters) {
    List<CompletableFuture<HttpResponse<String>>> replies =
        IntStream.range(1, CONNECTIONS)
            .mapToObj(i -> begin(server, "POST", "/transfers?" + parameters))
            .toList();
    Wait.until(() -> bank.busy() == CONNECTIONS);
    return replies;
  }

  /** Sends many transfers at once. */
  private List<CompletableFuture<HttpResponse<String>>> transfers(WebServer server) {
    SplittableRandom random = new SplittableRandom(1);
    return IntStream.range(0, REQUESTS)
        .mapToObj(
            i -> {
              int from = 1 + random.nextInt(Bank.ACCOUNTS);
              int to = 1 + (from + random.nextInt(Bank.ACCOUNTS - 1)) % Bank.ACCOUNTS;
              int amount = 1 + random.nextInt(300);
              String path = "/transfers?from=" + from + "&to=" + to + "&amount=" + amount;
              return begin(server, "POST", path);
            })
        .toList();
  }

  @ParameterizedTest
  @EnumSource
  void transfersAtOnce_loseNoMoney(Kind kind) throws Exception {
    // many more requests than connections; each waits for one, and for the locks of others
    try (Bank bank = new Bank(CONNECTIONS, PATIENCE)) {
      serve(
          kind,
          bank,
          server -> {
            List<CompletableFuture<HttpResponse<String>>> transfers = transfers(server);
            List<CompletableFuture<HttpResponse<String>>> totals =
                transfers.stream().map(transfer -> begin(server, "GET", "/total")).toList();
            List<Integer> statuses =
                transfers.stream().map(reply -> reply.join().statusCode()).toList();

            assertThat(totals).allMatch(reply -> reply.join().body().equals(TOTAL + "\n"));
            assertThat(statuses)
                .hasSize(REQUESTS)
                .allMatch(status -> status == 200 || status == 409);
            assertThat(statuses).contains(200);
            assertThat(ask(server, "GET", "/total").body()).isEqualTo(TOTAL + "\n");
          });
      assertThat(bank.busy()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void moneyThatManyWantAtOnce_isSpentOnce(Kind kind) throws Exception {
    // each waits until no other one can change what it reads
    try (Bank bank = new Bank(CONNECTIONS, PATIENCE)) {
      serve(
          kind,
          bank,
          server -> {
            List<CompletableFuture<HttpResponse<String>>> replies =
                bank.whileLocked(
                    1,
                    () ->
                        transfersThatWait(
                            bank, server, "from=1&to=2&amount=" + Bank.OPENING_BALANCE));

            assertThat(replies.stream().map(reply -> reply.join().statusCode()))
                .containsOnlyOnce(200)
                .containsOnly(200, 409);
            assertThat(bank.balance(1)).hasValue(0);
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void serverThatEnds_interruptsWaitsForLocks(Kind kind) throws Exception {
    // the first transfer has locked one account and waits for the other, the rest for the first
    try (Bank bank = new Bank(CONNECTIONS, PATIENCE)) {
      bank.whileLocked(
          2,
          () -> {
            serve(kind, bank, server -> transfersThatWait(bank, server, "from=1&to=2&amount=1"));

            assertThat(bank.busy()).isOne(); // that of the lock
            return null;
          });

      assertThat(bank.busy()).isZero();
      assertThat(bank.transfer(1, 2, 1)).isEqualTo(Bank.Transfer.DONE);
      assertThat(bank.balance(1)).hasValue(Bank.OPENING_BALANCE - 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void serverThatEndsMeanwhile_losesNoMoneyAndNoConnection(Kind kind) throws Exception {
    // requests that are interrupted undo what they have begun, and give their connections back
    try (Bank bank = new Bank(CONNECTIONS, PATIENCE)) {
      CountDownLatch some = new CountDownLatch(REQUESTS / 10);
      serve(
          kind,
          bank,
          server -> {
            transfers(server)
                .forEach(reply -> reply.whenComplete((response, failure) -> some.countDown()));
            assertThat(some.await(1, TimeUnit.MINUTES)).isTrue();
          });

      assertThat(bank.busy()).isZero();
      assertThat(bank.total()).isEqualTo(TOTAL);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GET,  /accounts/1,                           200, 1000",
    "GET,  /accounts/101,                         404, no account 101",
    "GET,  /accounts/x,                           400, expected a number from 1 to 2147483647: x",
    "GET,  /accounts/99999999999999999999,        400, expected a number from 1 to 2147483647:"
        + " 99999999999999999999",
    "POST, /transfers?from=1&to=2&amount=30,      200, done",
    "POST, /transfers?from=2&to=1&amount=1001,    409, too little money in account 2",
    "POST, /transfers?from=1&to=101&amount=1,     404, 'no account 1, or none 101'",
    "POST, /transfers?from=101&to=1&amount=1,     404, 'no account 101, or none 1'",
    "POST, /transfers?from=1&to=1&amount=1,       400, from and to are the same account: 1",
    "POST, /transfers?from=1&to=2&amount=-5,      400,"
        + " expected a number from 1 to 9223372036854775807: -5",
    "POST, /transfers?from=1&to=2,                400, missing: amount",
    "POST, /transfers,                            400, missing: from",
    "GET,  /transfers?from=1&to=2&amount=1,       405, use POST",
    "POST, /total,                                405, use GET",
  })
  void request_isAnsweredOrRefused(String method, String path, int status, String line)
      throws Exception {
    try (Bank bank = new Bank(1, PATIENCE)) {
      serve(
          Kind.THREADS,
          bank,
          server -> {
            HttpResponse<String> response = ask(server, method, path);

            assertThat(response.body()).isEqualTo(line + "\n");
            assertThat(response.statusCode()).isEqualTo(status);
          });
      assertThat(bank.total()).isEqualTo(TOTAL);
    }
  }

  @Test
  void noConnection_isSaid() throws Exception {
    // the pool has none, and the caller's patience ends
    try (Bank bank = new Bank(1, Duration.ofMillis(250))) {
      serve(
          Kind.THREADS,
          bank,
          server -> {
            HttpResponse<String> response =
                bank.whileLocked(1, () -> ask(server, "GET", "/accounts/1"));

            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.body()).isEqualTo("all connections are busy; try again\n");
          });
    }
  }

  @Test
  void curl_isServed() throws Exception {
    assumeTrue(has("curl"), "there is no curl here");
    try (Bank bank = new Bank(1, PATIENCE)) {
      serve(
          Kind.FIFO,
          bank,
          server -> {
            String url = "http://localhost:" + server.port() + "/transfers?from=1&to=2&amount=30";

            assertThat(output("curl", "-sS", "-X", "POST", url)).isEqualTo("done\n");
            assertThat(bank.balance(2)).hasValue(Bank.OPENING_BALANCE + 30);
          });
    }
  }

  private static boolean has(String program) throws InterruptedException {
    try {
      output(program, "--version");
      return true;
    } catch (IOException none) {
      return false;
    }
  }

  private static String output(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return output;
  }
}
