// SPDX-License-Identifier: Apache-2.0
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;
import java.util.Random;
import oracle.jdbc.OracleConnection;

/** Cursor soak with ojdbc: CursorClient PORT CALLS SEED. Which statement comes when is said in soak.py. */
public final class CursorClient {
    private final Random chance;
    private final Connection connection;

    private CursorClient(Connection connection, long seed) {
        this.connection = connection;
        this.chance = new Random(seed);
    }

    private boolean update(int k, long bind) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("UPDATE t SET a = ? WHERE k = " + k)) {
            statement.setLong(1, bind);
            return statement.executeUpdate() == k % 9;
        }
    }

    private boolean query(int k, long bind, String table, boolean leave) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT ?, " + k + " FROM " + table)) {
            statement.setFetchSize(2 + k % 3);
            statement.setLong(1, bind);
            int rows = 0;
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    rows++;
                    if (result.getLong(1) != bind || result.getInt(2) != k) return false;
                    if (leave) return true;
                }
            }
            return rows == (k % 4 != 0 ? 1 : 6);
        }
    }

    private boolean one(long n) {
        int k = chance.nextDouble() < 0.9 ? (int) ((n / 200 * 7 + chance.nextInt(15)) % 415) : chance.nextInt(415);
        int kind = k % 5;
        long bind = n * 1000 + k;
        boolean good;
        try {
            good = kind == 1 ? update(k, bind) : query(k, bind, kind == 2 ? "broken" : "t", n % 31 == 0);
        } catch (SQLException failure) {
            good = kind == 2 && failure.getErrorCode() == 1476;
        }
        if (chance.nextDouble() >= 0.02) return good;
        try {
            query(k, bind, "missing", false);
            return false;
        } catch (SQLException failure) {
            return good && failure.getErrorCode() == 942;
        }
    }

    public static void main(String[] arguments) throws SQLException {
        Properties settings = new Properties();
        settings.put("user", "soak");
        settings.put("password", "soak");
        long calls = Long.parseLong(arguments[1]);
        long wrong = 0;
        try (Connection connection = java.sql.DriverManager.getConnection("jdbc:oracle:thin:@//127.0.0.1:" + arguments[0] + "/SOAK", settings)) {
            OracleConnection oracle = connection.unwrap(OracleConnection.class);
            oracle.setImplicitCachingEnabled(true);
            oracle.setStatementCacheSize(20);
            CursorClient client = new CursorClient(connection, Long.parseLong(arguments[2]));
            for (long n = 0; n < calls; n++) {
                if (!client.one(n)) wrong++;
            }
            System.out.println("{\"calls\": " + calls + ", \"wrong\": " + wrong + ", \"version\": \"" + connection.getMetaData().getDriverVersion() + "\"}");
        }
    }
}
