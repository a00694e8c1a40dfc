package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.std.resource.Closing;
import dev.picos.std.resource.Owned;
import dev.picos.std.resource.Using;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.Writer;
import java.net.URI;
import java.net.URISyntaxException;
import java.text.ParseException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/**
 * What people write compiles as it stands: with no braces around a single call, no types for
 * parameters, no casts, and a {@code throws} clause that says what is thrown and no more.
 */
class LambdasTest {
  private static BufferedReader open() {
    return new BufferedReader(new StringReader("first\nsecond"));
  }

  private static Reader host(String uri) throws URISyntaxException {
    return new StringReader(new URI(uri).getHost());
  }

  private static int parse(Reader reader) throws ParseException {
    if (!reader.markSupported()) {
      throw new ParseException("never", 0);
    }
    return 7;
  }

  private static void skip(Reader reader) throws ParseException {
    parse(reader);
  }

  private static void work() {}

  @Test
  void using_singleCalls() throws IOException {
    // a call with a value and a call without one, as lambdas and as references to methods
    String line = Using.call(() -> open(), r -> r.close(), r -> r.readLine());
    String same = Using.call(LambdasTest::open, BufferedReader::close, BufferedReader::readLine);
    String written = Using.call(StringWriter::new, Writer::close, w -> w.append("x").toString());
    Using.run(() -> open(), r -> r.close(), r -> r.readLine());
    Using.run(LambdasTest::open, BufferedReader::close, BufferedReader::readLine);
    Using.run(StringWriter::new, Writer::close, w -> w.write("x"));

    assertThat(line).isEqualTo(same).isEqualTo("first");
    assertThat(written).isEqualTo("x");
  }

  @Test
  void using_nothingChecked() {
    // where nothing checked is thrown there is nothing to declare
    int length = Using.call(() -> "resource", r -> {}, r -> r.length());
    int same = Using.call(() -> "resource", r -> work(), String::length);
    String value = Using.callLastly(() -> work(), () -> "value");
    String made = Using.callLastly(LambdasTest::work, String::new);
    Using.run(() -> "resource", r -> {}, r -> work());
    Using.runLastly(() -> work(), () -> work());
    Using.runLastly(LambdasTest::work, LambdasTest::work);

    assertThat(length).isEqualTo(same).isEqualTo(8);
    assertThat(value).isEqualTo("value");
    assertThat(made).isEmpty();
  }

  @Test
  void using_differentExceptions() throws URISyntaxException, IOException, ParseException {
    // each of the three throws a checked exception of its own, and all of them are declared
    int parsed = Using.call(() -> host("http://host"), r -> r.close(), r -> parse(r));
    int same = Using.call(() -> host("http://host"), Reader::close, LambdasTest::parse);
    Using.run(() -> host("http://host"), r -> r.close(), r -> skip(r));
    Using.run(() -> host("http://host"), Reader::close, LambdasTest::skip);

    assertThat(parsed).isEqualTo(same).isEqualTo(7);
    assertThatThrownBy(LambdasTest::failTwice)
        .isInstanceOfAny(ParseException.class, TimeoutException.class);
  }

  private static void failTwice() throws ParseException, TimeoutException {
    Using.runLastly(
        () -> {
          throw new ParseException("expected", 1);
        },
        () -> {
          throw new TimeoutException("expected");
        });
  }

  @Test
  void using_nested() throws IOException, ParseException {
    // a body may be another such call
    String lines =
        Using.call(
            () -> open(),
            r -> r.close(),
            r ->
                Using.call(
                    () -> open(),
                    other -> other.close(),
                    other -> r.readLine() + other.readLine()));
    Using.runLastly(() -> work(), () -> Using.runLastly(() -> work(), () -> skip(open())));

    assertThat(lines).isEqualTo("firstfirst");
  }

  @Test
  void closing_differentExceptions() throws URISyntaxException, IOException, ParseException {
    // what acquires throws one thing, and close() another; or close() nothing
    try (var closing = Closing.acquire(() -> host("http://host"), r -> r.close())) {
      assertThat(parse(closing.get())).isEqualTo(7);
    }
    try (var closing = Closing.acquire(() -> host("http://host"), Reader::close)) {
      skip(closing.get());
    }
    assertThat(lengthOf("resource")).isEqualTo(8);
  }

  private static int lengthOf(String resource) {
    try (var closing = Closing.acquire(() -> resource, r -> work())) {
      return closing.get().length();
    }
  }

  @Test
  void owned_singleCalls() throws URISyntaxException, IOException, ParseException {
    // every operation on what is owned takes a single call, with a value and without
    Owned.run(() -> open(), r -> r.close(), owned -> owned.drop());
    Owned.run(LambdasTest::open, BufferedReader::close, Owned::drop);
    Owned.run(() -> open(), r -> r.close(), owned -> owned.runMoved(r -> r.readLine()));
    Owned.run(() -> host("http://host"), r -> r.close(), owned -> owned.runMoved(r -> skip(r)));
    Owned.run(
        () -> host("http://host"),
        Reader::close,
        owned -> owned.runTransferred(mine -> mine.runMoved(LambdasTest::skip)));
    String line =
        Owned.call(() -> open(), r -> r.close(), owned -> owned.callMoved(r -> r.readLine()));
    int parsed =
        Owned.call(
            () -> host("http://host"), Reader::close, owned -> owned.callMoved(r -> parse(r)));
    String passedOn =
        Owned.call(
            () -> open(),
            r -> r.close(),
            owned -> owned.callTransferred(mine -> mine.callMoved(BufferedReader::readLine)));
    String borrowed =
        Owned.call(
            () -> open(),
            r -> r.close(),
            owned -> {
              owned.runBorrowed(r -> r.readLine());
              owned.runBorrowed(r -> work());
              try (owned) {
                return owned.callBorrowed(r -> r.readLine());
              }
            });

    assertThat(line).isEqualTo(passedOn).isEqualTo("first");
    assertThat(parsed).isEqualTo(7);
    assertThat(borrowed).isEqualTo("second");
  }
}
