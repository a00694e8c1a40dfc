package dev.picos.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The code that the documentation shows is code that is compiled: a block that follows {@code <!--
 * snippet: file region -->} is the region of that file. With {@code -Dpicos.docs.update=true} in
 * the JVM of the tests the blocks are brought up to date instead.
 */
class DocumentationTest {
  private static final Path ROOT = root();
  private static final Pattern SNIPPET =
      Pattern.compile(
          "(<!-- snippet: (\\S+) (\\S+) -->\n```(?:java|kotlin)\n)(.*?)(```)", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("](?:\\(|: )(?!https?:)([^)#\\s]+)");

  static List<Path> documents() throws IOException {
    try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
      return Stream.concat(
              docs.filter(file -> file.toString().endsWith(".md")),
              Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md").map(ROOT::resolve))
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("documents")
  void snippet_isTheCodeThatIsCompiled(Path document) throws IOException {
    // A block of code in the documentation is the region of a compiled file that it names.
    String text = Files.readString(document);

    String upToDate = SNIPPET.matcher(text).replaceAll(DocumentationTest::current);

    if (Boolean.getBoolean("picos.docs.update")) {
      Files.writeString(document, upToDate);
    }
    assertThat(Files.readString(document)).isEqualTo(upToDate);
  }

  @ParameterizedTest
  @MethodSource("documents")
  void block_saysWhereItIsCompiled(Path document) throws IOException {
    // Code in the documentation that is Java or Kotlin is a snippet, so that none goes unchecked,
    // except for scripts of Gradle, which nothing here compiles.
    String text = Files.readString(document);

    String others = SNIPPET.matcher(text).replaceAll("");

    assertThat(others).doesNotContainPattern("```(?:java|kotlin)\n(?!repositories \\{)");
  }

  @ParameterizedTest
  @MethodSource("documents")
  void link_leadsToAFile(Path document) throws IOException {
    // A relative link in the documentation leads to something that is there.
    Matcher links = LINK.matcher(Files.readString(document));

    List<Path> targets =
        links.results().map(link -> document.resolveSibling(link.group(1)).normalize()).toList();

    assertThat(targets).allSatisfy(target -> assertThat(target).exists());
  }

  @ParameterizedTest
  @MethodSource("documents")
  void frame_hasNoLineNumber(Path document) throws IOException {
    // The frames of a quoted stack trace name no lines, which would be others soon.
    String text = Files.readString(document);

    assertThat(text).doesNotContainPattern("\\.java:\\d");
  }

  private static String current(java.util.regex.MatchResult snippet) {
    return Matcher.quoteReplacement(
        snippet.group(1)
            + region(ROOT.resolve(snippet.group(2)), snippet.group(3))
            + snippet.group(5));
  }

  private static String region(Path file, String name) {
    try {
      String text = Files.readString(file);
      int start = text.indexOf("// region " + name + "\n");
      int end = text.indexOf("// endregion", start);
      assertThat(start).as("region %s of %s", name, file).isNotNegative();
      return text.substring(text.indexOf('\n', start) + 1, end).stripIndent().stripTrailing()
          + "\n";
    } catch (IOException e) {
      throw new AssertionError("no such file: " + file, e);
    }
  }

  static Path root() {
    Path here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("README.md")) ? here : here.getParent();
  }
}
