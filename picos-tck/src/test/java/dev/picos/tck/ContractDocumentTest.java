package dev.picos.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The document, the identifiers and the tests speak of the same rules. */
class ContractDocumentTest {
  /** A rule in the document: its identifier, what it says, and what is said about it. */
  private static final Pattern RULE =
      Pattern.compile(
          "^- \\*\\*([A-Z]+-\\d\\d)\\*\\* (.*?)\\.\\s+\\*(\\w+):\\*",
          Pattern.MULTILINE | Pattern.DOTALL);

  /** The rules that no scheduler can break, so that no flaw proves their tests, and why. */
  private static final Map<String, String> KEPT_BY_THE_CORE =
      Map.of(
          "AWAIT-02", "Trigger.await returns before it asks the handler",
          "TIME-04", "Computation.cancelAfter refuses before it asks the handler");

  private static List<MatchResult> documented(boolean tested) throws IOException {
    String document = Files.readString(Path.of("../docs/contract.md"));
    return RULE.matcher(document)
        .results()
        .filter(rule -> rule.group(3).equals("Untested") != tested)
        .toList();
  }

  private static List<Method> tests() {
    return Stream.of(SchedulerContract.class.getMethods())
        .filter(method -> method.isAnnotationPresent(Test.class))
        .toList();
  }

  private static String name(Method test) {
    return test.getAnnotation(DisplayName.class).value();
  }

  @Test
  void document_saysWhatTheTestsSay() throws IOException {
    // each tested rule of the document has one test, of the same words, and each test has its rule
    Map<String, String> rules =
        documented(true).stream()
            .collect(
                Collectors.toMap(
                    rule -> rule.group(1), rule -> rule.group(2).replaceAll("\\s+", " ")));

    Map<String, String> names =
        tests().stream()
            .map(test -> name(test).split(": ", 2))
            .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));

    assertThat(new TreeMap<>(names)).isEqualTo(new TreeMap<>(rules));
  }

  @Test
  void untestedRules_haveNoTest() throws IOException {
    // a rule that the document calls untested has no test, nor the identifier of another rule
    List<String> untested = documented(false).stream().map(rule -> rule.group(1)).toList();

    List<String> tested = tests().stream().map(test -> name(test).split(":")[0]).toList();

    assertThat(untested).isNotEmpty().doesNotHaveDuplicates().doesNotContainAnyElementsOf(tested);
  }

  @Test
  void methods_areNamedAfterTheirRules() {
    // the test of SPAWN-02 is called spawn02_something
    assertThat(tests())
        .allSatisfy(
            test -> {
              String identifier = name(test).split(":")[0].replace("-", "");
              assertThat(test.getName()).startsWith(identifier.toLowerCase(Locale.ROOT) + "_");
            });
  }

  @Test
  void identifiers_areNumberedFromOne() throws IOException {
    // the rules of a group are numbered without gaps
    Map<String, List<String>> groups =
        Stream.concat(documented(true).stream(), documented(false).stream())
            .map(rule -> rule.group(1))
            .sorted()
            .collect(Collectors.groupingBy(identifier -> identifier.split("-")[0]));

    assertThat(groups)
        .allSatisfy(
            (group, identifiers) ->
                assertThat(identifiers.get(identifiers.size() - 1))
                    .isEqualTo("%s-%02d".formatted(group, identifiers.size())));
  }

  @Test
  void flaws_areListedWithRulesThatExist() throws IOException {
    // every rule that a flaw is said to break is in the document
    List<String> rules = documented(true).stream().map(rule -> rule.group(1)).toList();

    assertThat(Flaw.values())
        .allSatisfy(
            flaw -> {
              assertThat(rules).containsAll(flaw.broken);
              assertThat(rules).containsAll(flaw.brokenByChance);
            });
  }

  @Test
  void rules_areProvedByFlaws() {
    // of each test it is known that it can fail: some flaw is said to break its rule for sure, but
    // for those that only the core can break
    Set<String> rules = new TreeSet<>();
    tests().forEach(test -> rules.add(name(test).split(":")[0]));

    for (Flaw flaw : Flaw.values()) {
      rules.removeAll(flaw.broken);
    }

    assertThat(rules).isEqualTo(KEPT_BY_THE_CORE.keySet());
  }
}
