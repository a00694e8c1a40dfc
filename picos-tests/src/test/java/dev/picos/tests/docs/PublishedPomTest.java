package dev.picos.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The POMs say what public repositories ask of whatever they take. */
class PublishedPomTest {
  private static final Path ROOT = DocumentationTest.root();

  static List<Path> publishedModules() throws Exception {
    Element modules = child(project(ROOT), "modules");
    return children(modules)
        .map(module -> ROOT.resolve(module.getTextContent()))
        .filter(PublishedPomTest::isPublished)
        .toList();
  }

  private static boolean isPublished(Path module) {
    Element properties = child(project(module), "properties");
    return properties == null || child(properties, "picos.unpublished") == null;
  }

  @Test
  void parent_saysWhatModulesInherit() {
    // Where the project lives, its licence, its developers, and where its sources are.
    Element parent = project(ROOT);

    assertThat(text(parent, "url")).isNotBlank();
    assertThat(text(parent, "licenses", "license", "name")).isNotBlank();
    assertThat(text(parent, "licenses", "license", "url")).startsWith("https://");
    assertThat(text(parent, "developers", "developer", "name")).isNotBlank();
    assertThat(text(parent, "scm", "url")).isNotBlank();
    assertThat(text(parent, "scm", "connection")).startsWith("scm:git:");
    assertThat(text(parent, "scm", "developerConnection")).startsWith("scm:git:");
  }

  @ParameterizedTest
  @MethodSource("publishedModules")
  void module_hasNameAndDescription(Path module) {
    // Each module that is published has a name and a description of its own.
    Element project = project(module);

    assertThat(text(project, "name")).startsWith("Picos");
    assertThat(text(project, "description")).isNotBlank();
  }

  private static Element project(Path directory) {
    try {
      Document document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(Files.newInputStream(directory.resolve("pom.xml")));
      return document.getDocumentElement();
    } catch (Exception e) {
      throw new AssertionError("no POM in " + directory, e);
    }
  }

  private static String text(Element from, String... path) {
    Element at = from;
    for (String name : path) {
      at = child(at, name);
      assertThat(at).as("%s in <%s>", String.join("/", path), from.getTagName()).isNotNull();
    }
    return at.getTextContent();
  }

  private static Element child(Element parent, String name) {
    return children(parent).filter(each -> each.getTagName().equals(name)).findFirst().orElse(null);
  }

  private static Stream<Element> children(Element parent) {
    NodeList nodes = parent.getChildNodes();
    return IntStream.range(0, nodes.getLength())
        .mapToObj(nodes::item)
        .filter(node -> node.getNodeType() == Node.ELEMENT_NODE)
        .map(Element.class::cast);
  }
}
