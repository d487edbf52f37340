// SPDX-License-Identifier: Apache-2.0
// One process of JDBC thin clients: Load SETTINGS. Runs until SIGTERM, then finishes open transactions and ends.
// It never reconnects: a lost connection is a failure and ends its client.
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;

final class Load {
  private static final double READ_SHARE = 0.8;
  private static volatile boolean stopping;

  private Load() {
  }

  private static void runClient(Client client, Settings settings) throws IOException {
    double calls = 0;
    double reads = 0;
    while (!stopping && !client.lost) {
      if (settings.paused()) {
        client.idle = true;
        LockSupport.parkNanos(20_000_000L);
        continue;
      }
      client.idle = false;
      long before = client.callCount;
      try {
        if (reads >= READ_SHARE * calls && calls > 0) {
          Writes.draw(client).run(client);
        } else {
          Reads.draw(client).run(client);
          reads += client.callCount - before;
        }
      } catch (Client.Failed error) {
        undo(client);
      } catch (Exception error) {
        client.meter.failure("client " + client.id + ": " + error);
        undo(client);
      }
      calls += client.callCount - before;
      double think = settings.thinkMs();
      if (think > 0) LockSupport.parkNanos((long) (think * (0.5 + client.random.nextDouble()) * 1e6));
    }
    client.idle = true;
    if (client.lost) client.meter.countLost();
  }

  private static void undo(Client client) throws IOException {
    if (client.lost) return;
    try {
      client.rollback("j_rollback_after_failure");
    } catch (Client.Failed error) {
      client.lost = true;
    }
  }

  private static void report(Meter meter, List<Client> clients, Settings settings, boolean done) throws IOException {
    settings.refreshControl();
    int alive = 0;
    boolean idle = true;
    for (Client client : clients) {
      client.ledger.flush();
      meter.seeOpen(client.open);
      if (!client.lost) alive++;
      idle &= client.idle;
    }
    meter.write(alive, settings.paused() && idle, done);
  }

  private static Client connect(int id, Settings settings, Meter meter) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", settings.get("user"));
    properties.setProperty("password", settings.get("password"));
    properties.setProperty("oracle.jdbc.implicitStatementCacheSize", "60");
    Connection connection = DriverManager.getConnection(
        "jdbc:oracle:thin:@//" + settings.get("host") + ":" + settings.get("port") + "/" + settings.get("service"), properties);
    connection.setAutoCommit(false);
    Client client = new Client(id, connection, new Ledger(settings.get("ledgers") + "/client-" + id + ".jsonl"), meter, settings);
    Writes.prepare(client);
    return client;
  }

  public static void main(String[] arguments) throws Exception {
    Settings settings = new Settings(arguments[0]);
    Meter meter = new Meter(settings.get("name"), settings.get("status"), settings.get("slow"));
    List<Client> clients = new ArrayList<>();
    for (String id : settings.get("clients").split(",")) clients.add(connect(Integer.parseInt(id), settings, meter));
    List<Thread> threads = new ArrayList<>();
    for (Client client : clients) {
      Thread thread = new Thread(() -> {
        try {
          runClient(client, settings);
        } catch (IOException error) {
          client.lost = true;
          meter.failure("client " + client.id + ": " + error);
        }
      }, "client-" + client.id);
      threads.add(thread);
      thread.start();
    }
    Thread main = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      stopping = true;
      try {
        main.join();
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
      }
    }));
    long next = System.currentTimeMillis();
    while (threads.stream().anyMatch(Thread::isAlive)) {
      settings.refreshControl();
      if (System.currentTimeMillis() >= next) {
        report(meter, clients, settings, false);
        next += 1000;
      }
      LockSupport.parkNanos(100_000_000L);
    }
    report(meter, clients, settings, true);
    for (Client client : clients) if (!client.lost) client.connection.close();
    report(meter, clients, settings, true);
    Runtime.getRuntime().halt(meter.anyFailed() ? 1 : 0);
  }
}
