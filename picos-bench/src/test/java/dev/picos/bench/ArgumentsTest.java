package dev.picos.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.picos.bench.Arguments.Drawing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentsTest {
  @TempDir private Path directory;

  @Test
  void drawing_saysWhereToAndWhetherItIsATrial() throws IOException {
    // a file that can be written is accepted; it is not there yet, or what it has remains
    Path file = directory.resolve("new.svg");
    Path old = Files.writeString(directory.resolve("old.svg"), "drawing");

    assertThat(Arguments.drawing("growth", file.toString())).isEqualTo(new Drawing(file, false));
    assertThat(Arguments.drawing("growth", old.toString(), "quick"))
        .isEqualTo(new Drawing(old, true));

    assertThat(file).doesNotExist();
    assertThat(old).hasContent("drawing");
  }

  static List<List<String>> nonsense() {
    return List.of(
        List.of(),
        List.of("quick"),
        List.of("--help"),
        List.of("f.svg", "quik"),
        List.of("f.svg", "quick", "quick"));
  }

  @ParameterizedTest
  @MethodSource("nonsense")
  void drawing_refusesOtherArguments(List<String> arguments) {
    // what is not a file name and "quick" is refused with the usage
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Arguments.drawing("growth", arguments.toArray(String[]::new)))
        .withMessage("usage: ./picos bench growth FILE.svg [quick]");
  }

  @Test
  void drawing_refusesAFileThatCannotBeWritten() throws IOException {
    // a file that could not be written after the measurement is refused before it
    Path nowhere = directory.resolve("missing").resolve("f.svg");
    Path taken = Files.createDirectory(directory.resolve("taken.svg"));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> Arguments.drawing("growth", nowhere.toString()))
        .withMessage("cannot write " + nowhere + ": no such directory");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Arguments.drawing("growth", taken.toString()))
        .withMessage("cannot write " + taken + ": it is a directory");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Arguments.drawing("growth", "/proc/f.svg"))
        .withMessageStartingWith("cannot write /proc/f.svg: ");
  }

  @Test
  void seconds_areTwoOrWhatIsSaid() {
    assertThat(Arguments.seconds()).isEqualTo(2);
    assertThat(Arguments.seconds("30")).isEqualTo(30);
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "", "0", "-1", "1.5", "100000"})
  void seconds_refusesWhatIsNoNumberOfSeconds(String argument) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Arguments.seconds(argument))
        .withMessage("seconds must be a whole number from 1 to 99999: " + argument);
  }

  @Test
  void seconds_refusesFurtherArguments() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Arguments.seconds("1", "2"))
        .withMessage("usage: ./picos bench fairness [seconds]");
  }
}
