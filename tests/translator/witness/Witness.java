/* SPDX-License-Identifier: Apache-2.0 */
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.sql.*;
import java.util.*;

/**
 * What another engine answers to the cases of the differential suite: Witness URL USER PASSWORD CASES OUT appends a line FILE TAB LINE TAB ANSWER for
 * every SELECT that it takes, in the suite's form. The suite counts those that agree with the documented answer.
 */
public final class Witness {
    private static String unescape(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\' || i + 1 == text.length()) out.append(c);
            else switch (text.charAt(++i)) {
                case 'n': out.append('\n'); break;
                case 't': out.append('\t'); break;
                default: out.append(text.charAt(i));
            }
        }
        return out.toString();
    }

    private static String number(BigDecimal value) {
        String text = value.stripTrailingZeros().toPlainString();
        if (value.signum() == 0) return "0";
        return text.replaceFirst("^(-?)0\\.", "$1.");
    }

    private static String time(Timestamp at) {
        String text = at.toLocalDateTime().toString().replace('T', ' ');
        if (text.length() == 16) text += ":00";
        return text.contains(".") ? text.replaceFirst("0+$", "") : text;
    }

    private static String value(ResultSet rows, int column, int type, String name) throws SQLException {
        if (rows.getObject(column) == null) return "NULL";
        if (name.startsWith("TIMESTAMP") && name.contains("ZONE")) return "?";
        switch (type) {
            case Types.NUMERIC: case Types.DECIMAL: case Types.INTEGER: case Types.BIGINT: case Types.SMALLINT: case Types.TINYINT:
                return "N:" + number(rows.getBigDecimal(column));
            case Types.DOUBLE: case Types.REAL: case Types.FLOAT: case 100: case 101: {
                double real = rows.getDouble(column);
                return "F:" + (Double.isInfinite(real) || Double.isNaN(real) ? String.valueOf(real) : number(new BigDecimal(String.valueOf(real))));
            }
            case Types.VARCHAR: case Types.CHAR: case Types.CLOB: case Types.NVARCHAR: case Types.NCHAR: case Types.LONGVARCHAR: {
                String text = rows.getString(column);
                return text.isEmpty() ? "NULL" : "S:" + text;
            }
            case Types.DATE: case Types.TIMESTAMP: return "D:" + time(rows.getTimestamp(column));
            case Types.BINARY: case Types.VARBINARY: {
                StringBuilder hex = new StringBuilder("B:");
                for (byte b : rows.getBytes(column)) hex.append(String.format("%02X", b));
                return hex.toString();
            }
            default: return "?";
        }
    }

    private static String answer(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(5);
            ResultSet rows = statement.executeQuery(sql);
            ResultSetMetaData meta = rows.getMetaData();
            StringBuilder out = new StringBuilder();
            for (int count = 0; rows.next(); count++) {
                if (count > 0) out.append("\\n");
                for (int c = 1; c <= meta.getColumnCount(); c++) {
                    if (c > 1) out.append('|');
                    String one = value(rows, c, meta.getColumnType(c), String.valueOf(meta.getColumnTypeName(c)));
                    if (one.equals("?") || one.indexOf('|') >= 0) return null;
                    out.append(one.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t"));
                }
            }
            return out.length() == 0 ? "EMPTY" : out.toString();
        }
    }

    private static void prepare(Connection connection, String text) {
        for (String one : text.split(";\\s+"))
            try (Statement statement = connection.createStatement()) {
                statement.execute(one);
            } catch (SQLException ignored) { /* then the cases over that table have no witness */
            }
    }

    public static void main(String[] arguments) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        Locale.setDefault(Locale.US);
        boolean tables = arguments[0].startsWith("jdbc:h2:");
        int answered = 0;
        try (PrintStream out = new PrintStream(Files.newOutputStream(Paths.get(arguments[4]), StandardOpenOption.CREATE, StandardOpenOption.APPEND), false, "UTF-8");
             DirectoryStream<Path> files = Files.newDirectoryStream(Paths.get(arguments[3]), "*.tsv")) {
            for (Path file : files) {
                try (Connection connection = DriverManager.getConnection(arguments[0].replace("%", file.getFileName().toString().replace('.', '_')), arguments[1], arguments[2])) {
                    int number = 0;
                    for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
                        number++;
                        if (line.startsWith("@target ") && tables) prepare(connection, line.substring(8));
                        String[] fields = line.split("\t");
                        if (line.isEmpty() || line.startsWith("#") || line.startsWith("@") || fields.length < 3) continue;
                        String sql = unescape(fields[0]);
                        boolean query = sql.regionMatches(true, 0, "SELECT", 0, 6) || sql.regionMatches(true, 0, "WITH", 0, 4);
                        if (!query) {
                            if (tables && fields[1].equals("DONE")) prepare(connection, sql);
                            continue;
                        }
                        if (fields.length > 3) continue;
                        try {
                            String answer = answer(connection, sql);
                            if (answer == null) continue;
                            out.println(file.getFileName() + "\t" + number + "\t" + answer);
                            answered++;
                        } catch (SQLException | RuntimeException refused) { /* no witness */
                        }
                    }
                }
            }
        }
        System.out.println("witness: " + arguments[0].replaceFirst(":[^:]*$", "") + " answers " + answered + " cases");
    }
}
