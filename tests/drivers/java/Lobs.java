// SPDX-License-Identifier: Apache-2.0
// The steps that work on a LOB through its locator.
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Map;

final class Lobs {
    private Lobs() {}

    static void act(Runner runner, Map<String, Object> step, Connection connection, Map<String, Long> variables) throws Exception {
        switch ((String) step.get("do")) {
            case "templob": temporary(step, connection, variables); return;
            case "readlob": read(step, connection, variables); return;
            case "writelob": write(step, connection, variables); return;
            default: throw new Runner.Skip("the runner does not know the step " + step.get("do"));
        }
    }

    private static void temporary(Map<String, Object> step, Connection connection, Map<String, Long> variables) throws Exception {
        String[] pair = Values.pair(step.get("value"), variables);
        try (PreparedStatement statement = connection.prepareStatement((String) step.get("sql"))) {
            if (pair[0].equals("clob")) {
                Clob clob = connection.createClob();
                clob.setString(1, pair[1]);
                statement.setClob(1, clob);
                statement.execute();
                clob.free();
            } else {
                Blob blob = connection.createBlob();
                blob.setBytes(1, Values.bytes(pair[1]));
                statement.setBlob(1, blob);
                statement.execute();
                blob.free();
            }
        }
    }

    private static void read(Map<String, Object> step, Connection connection, Map<String, Long> variables) throws Exception {
        String[] pair = Values.pair(step.get("part"), variables);
        long at = (Long) step.get("at");
        try (PreparedStatement statement = connection.prepareStatement((String) step.get("sql")); ResultSet set = statement.executeQuery()) {
            set.next();
            if (pair[0].equals("clob")) {
                Runner.check("size of the LOB", step.get("size"), set.getClob(1).length());
                Runner.check("part of the LOB", pair[1], set.getClob(1).getSubString(at, pair[1].length()));
            } else {
                Runner.check("size of the LOB", step.get("size"), set.getBlob(1).length());
                Runner.check("part of the LOB", pair[1], Values.hex(set.getBlob(1).getBytes(at, pair[1].length() / 2)));
            }
        }
    }

    private static void write(Map<String, Object> step, Connection connection, Map<String, Long> variables) throws Exception {
        String[] pair = Values.pair(step.get("value"), variables);
        try (PreparedStatement statement = connection.prepareStatement((String) step.get("sql")); ResultSet set = statement.executeQuery()) {
            set.next();
            Clob clob = set.getClob(1);
            clob.setString((Long) step.get("at"), pair[1]);
            if (step.containsKey("trim")) clob.truncate((Long) step.get("trim"));
        }
    }
}
