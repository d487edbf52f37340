// SPDX-License-Identifier: Apache-2.0
// Settings and the live control file: lines of name=value, written by the orchestrator.
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

final class Settings {
  private final Properties pairs;
  private volatile double thinkMs = 5;
  private volatile boolean paused;

  Settings(String path) throws IOException {
    pairs = read(path);
    refreshControl();
  }

  private static Properties read(String path) throws IOException {
    Properties pairs = new Properties();
    pairs.load(new StringReader(Files.readString(Path.of(path), StandardCharsets.UTF_8)));
    return pairs;
  }

  String get(String name) {
    String value = pairs.getProperty(name);
    if (value == null) throw new IllegalArgumentException("setting " + name + " is missing");
    return value;
  }

  int number(String name) {
    return Integer.parseInt(get(name));
  }

  // A control file that cannot be read changes nothing.
  void refreshControl() {
    try {
      Properties control = read(get("control"));
      if (control.containsKey("think_ms")) thinkMs = Double.parseDouble(control.getProperty("think_ms"));
      paused = "1".equals(control.getProperty("paused"));
    } catch (IOException | NumberFormatException error) {
      System.err.println("control file: " + error);
    }
  }

  double thinkMs() {
    return thinkMs;
  }

  boolean paused() {
    return paused;
  }
}
