// SPDX-License-Identifier: Apache-2.0
// The values of the data file: as text to compare by, as binds, and out of result sets.
import java.io.InputStream;
import java.math.BigDecimal;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import oracle.jdbc.OraclePreparedStatement;
import oracle.jdbc.OracleResultSet;
import oracle.jdbc.OracleTypes;
import oracle.sql.INTERVALDS;
import oracle.sql.INTERVALYM;

final class Values {
    static final Pattern DAYS = Pattern.compile("(-?)(\\d+) (\\d+):(\\d+):(\\d+)(?:\\.(\\d+))?");
    static final Pattern MONTHS = Pattern.compile("(-?)(\\d+)-(\\d+)");

    private Values() {}

    static String[] pair(Object value, Map<String, Long> variables) {
        if (value == null) return null;
        if (value instanceof String) return new String[] {"s", (String) value};
        if (value instanceof Number) return new String[] {"n", value.toString()};
        Map<?, ?> map = (Map<?, ?>) value;
        if (map.containsKey("var")) {
            long times = map.containsKey("mul") ? (Long) map.get("mul") : 1, plus = map.containsKey("add") ? (Long) map.get("add") : 0;
            return new String[] {"n", String.valueOf(variables.get(map.get("var")) * times + plus)};
        }
        String kind = null, text = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (entry.getKey().equals("x") || entry.getKey().equals("then")) continue;
            kind = (String) entry.getKey();
            text = String.valueOf(entry.getValue());
        }
        int times = map.containsKey("x") ? ((Long) map.get("x")).intValue() : 1;
        StringBuilder out = new StringBuilder(text.length() * times);
        for (int i = 0; i < times; i++) out.append(text);
        if (map.containsKey("then")) out.append(map.get("then"));
        return new String[] {kind, out.toString()};
    }

    static String number(BigDecimal value) {
        return value.signum() == 0 ? "n:0" : "n:" + value.stripTrailingZeros().toPlainString();
    }

    static String bits(String kind, double value) {
        if (Double.isNaN(value)) return kind + ":nan";
        return kind + ":" + Long.toHexString(Double.doubleToLongBits((kind.equals("bf") ? (float) value : value) + 0.0));
    }

    static double real(String text) {
        if (text.equals("nan")) return Double.NaN;
        if (text.equals("inf")) return Double.POSITIVE_INFINITY;
        if (text.equals("-inf")) return Double.NEGATIVE_INFINITY;
        return Double.parseDouble(text);
    }

    static LocalDateTime local(String text) {
        return zoned(text).toLocalDateTime();
    }

    static OffsetDateTime zoned(String text) {
        boolean has = text.endsWith("Z") || text.matches(".*[+-]\\d\\d:\\d\\d");
        return OffsetDateTime.parse(has ? text : text + "Z");
    }

    static String stamp(String kind, LocalDateTime value) {
        return kind + ":" + value.format(DateTimeFormatter.ISO_LOCAL_DATE_TIME);
    }

    static String days(String text) {
        Matcher m = DAYS.matcher(text);
        if (!m.matches()) return "?" + text;
        String fraction = m.group(6) == null ? "" : m.group(6);
        while (fraction.length() < 9) fraction += "0";
        Duration d = Duration.ofDays(Long.parseLong(m.group(2))).plusHours(Long.parseLong(m.group(3))).plusMinutes(Long.parseLong(m.group(4)))
            .plusSeconds(Long.parseLong(m.group(5))).plusNanos(Long.parseLong(fraction));
        return "ds:" + (m.group(1).isEmpty() ? d : d.negated());
    }

    static String months(String text) {
        Matcher m = MONTHS.matcher(text);
        if (!m.matches()) return "?" + text;
        int count = Integer.parseInt(m.group(2)) * 12 + Integer.parseInt(m.group(3));
        return "ym:" + (m.group(1).isEmpty() ? count : -count);
    }

    static String expected(Object value, Map<String, Long> variables) {
        String[] pair = pair(value, variables);
        if (pair == null) return null;
        switch (pair[0]) {
            case "n": return number(new BigDecimal(pair[1]));
            case "bf":
            case "bd": return bits(pair[0], real(pair[1]));
            case "d":
            case "ts": return stamp(pair[0], local(pair[1]));
            case "tz":
            case "ltz": return stamp(pair[0], zoned(pair[1]).withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime());
            case "ds": return days(pair[1]);
            case "ym": return months(pair[1]);
            case "rowid": return "rowid";
            default: return pair[0] + ":" + pair[1];
        }
    }

    static int typeOf(String kind) {
        switch (kind) {
            case "n": return OracleTypes.NUMBER;
            case "d": return OracleTypes.DATE;
            case "ts": return OracleTypes.TIMESTAMP;
            case "tz": return OracleTypes.TIMESTAMPTZ;
            case "ltz": return OracleTypes.TIMESTAMPLTZ;
            case "bf": return OracleTypes.BINARY_FLOAT;
            case "bd": return OracleTypes.BINARY_DOUBLE;
            case "raw": return OracleTypes.RAW;
            case "clob": return OracleTypes.CLOB;
            case "blob": return OracleTypes.BLOB;
            case "ds": return OracleTypes.INTERVALDS;
            case "ym": return OracleTypes.INTERVALYM;
            case "cursor": return OracleTypes.CURSOR;
            default: return OracleTypes.VARCHAR;
        }
    }

    static byte[] bytes(String hex) {
        byte[] out = new byte[hex.length() / 2];
        for (int i = 0; i < out.length; i++) out[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        return out;
    }

    static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder(bytes.length * 2);
        for (byte b : bytes) out.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
        return out.toString();
    }

    static void bind(PreparedStatement statement, int index, Object value, Map<String, Long> variables) throws SQLException {
        String[] pair = pair(value, variables);
        OraclePreparedStatement oracle = (OraclePreparedStatement) statement;
        if (pair == null) {
            statement.setNull(index, Types.VARCHAR);
            return;
        }
        String text = pair[1];
        switch (pair[0]) {
            case "null": statement.setNull(index, typeOf(text)); return;
            case "n": statement.setBigDecimal(index, new BigDecimal(text)); return;
            case "bf": oracle.setBinaryFloat(index, (float) real(text)); return;
            case "bd": oracle.setBinaryDouble(index, real(text)); return;
            case "d": oracle.setDATE(index, new oracle.sql.DATE(dateBytes(local(text)))); return;
            case "ts": oracle.setTIMESTAMP(index, new oracle.sql.TIMESTAMP(stampBytes(local(text)))); return;
            case "tz": oracle.setTIMESTAMPTZ(index, new oracle.sql.TIMESTAMPTZ(zonedBytes(zoned(text)))); return;
            case "ltz": oracle.setTIMESTAMPLTZ(index, new oracle.sql.TIMESTAMPLTZ(stampBytes(zoned(text).withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime()))); return;
            case "raw": statement.setBytes(index, bytes(text)); return;
            case "clob": if (text.length() > 30000) oracle.setStringForClob(index, text); else statement.setString(index, text); return;
            case "blob": if (text.length() > 4000) oracle.setBytesForBlob(index, bytes(text)); else statement.setBytes(index, bytes(text)); return;
            case "ds": oracle.setINTERVALDS(index, new INTERVALDS(text)); return;
            case "ym": oracle.setINTERVALYM(index, new INTERVALYM(text)); return;
            default: statement.setString(index, text);
        }
    }

    private static byte[] dateBytes(LocalDateTime v) {
        return new byte[] {(byte) (v.getYear() / 100 + 100), (byte) (v.getYear() % 100 + 100), (byte) v.getMonthValue(), (byte) v.getDayOfMonth(), (byte) (v.getHour() + 1), (byte) (v.getMinute() + 1),
            (byte) (v.getSecond() + 1)};
    }

    private static byte[] stampBytes(LocalDateTime v) {
        byte[] date = dateBytes(v);
        if (v.getNano() == 0) return date;
        byte[] out = java.util.Arrays.copyOf(date, 11);
        for (int i = 0; i < 4; i++) out[7 + i] = (byte) (v.getNano() >> 24 - 8 * i);
        return out;
    }

    /** UTC's fields, then the offset. */
    private static byte[] zonedBytes(OffsetDateTime v) {
        LocalDateTime utc = v.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime();
        byte[] out = java.util.Arrays.copyOf(dateBytes(utc), 13);
        for (int i = 0; i < 4; i++) out[7 + i] = (byte) (utc.getNano() >> 24 - 8 * i);
        int minutes = v.getOffset().getTotalSeconds() / 60;
        out[11] = (byte) (minutes / 60 + 20);
        out[12] = (byte) (minutes % 60 + 60);
        return out;
    }

    private static String stampOf(String kind, byte[] b) {
        int nanos = b.length >= 11 ? (b[7] & 255) << 24 | (b[8] & 255) << 16 | (b[9] & 255) << 8 | b[10] & 255 : 0;
        return stamp(kind, LocalDateTime.of(((b[0] & 255) - 100) * 100 + (b[1] & 255) - 100, b[2], b[3], b[4] - 1, b[5] - 1, b[6] - 1, nanos));
    }

    static String clobText(Clob clob) throws SQLException {
        return clob.length() == 0 ? "" : clob.getSubString(1, (int) clob.length());
    }

    static String blobText(Blob blob) throws SQLException {
        return blob.length() == 0 ? "" : hex(blob.getBytes(1, (int) blob.length()));
    }

    static String actual(ResultSet set, int column, boolean locator) throws Exception {
        String type = set.getMetaData().getColumnTypeName(column);
        OracleResultSet oracle = (OracleResultSet) set;
        if (set.getObject(column) == null) return null;
        if (type.startsWith("TIMESTAMP")) type = type.contains("LOCAL") ? "LTZ" : type.contains("ZONE") ? "TZ" : "TIMESTAMP";
        if (type.startsWith("INTERVALDS") || type.startsWith("INTERVAL DAY")) return days(oracle.getINTERVALDS(column).stringValue());
        if (type.startsWith("INTERVALYM") || type.startsWith("INTERVAL YEAR")) return months(oracle.getINTERVALYM(column).stringValue());
        switch (type) {
            case "NUMBER":
            case "FLOAT": return number(set.getBigDecimal(column));
            case "BINARY_FLOAT": return bits("bf", set.getFloat(column));
            case "BINARY_DOUBLE": return bits("bd", set.getDouble(column));
            case "DATE": return stampOf("d", oracle.getDATE(column).getBytes());
            case "TIMESTAMP": return stampOf("ts", oracle.getTIMESTAMP(column).getBytes());
            case "TZ": return stampOf("tz", oracle.getTIMESTAMPTZ(column).getBytes());
            case "LTZ": return stampOf("ltz", oracle.getTIMESTAMPLTZ(column).getBytes());
            case "RAW": return "raw:" + hex(set.getBytes(column));
            case "ROWID": return set.getString(column).matches("[A-Za-z0-9+/]{18}") ? "rowid" : "rowid?" + set.getString(column);
            case "CLOB":
            case "NCLOB": return "clob:" + (locator ? clobText(set.getClob(column)) : set.getString(column));
            case "BLOB": return "blob:" + (locator ? blobText(set.getBlob(column)) : stream(set.getBinaryStream(column)));
            default: return "s:" + set.getString(column);
        }
    }

    private static String stream(InputStream in) throws Exception {
        return hex(in.readAllBytes());
    }

    static String out(CallableStatement call, int index, String kind) throws SQLException {
        if (call.getObject(index) == null) return null;
        switch (kind) {
            case "n": return number(call.getBigDecimal(index));
            case "clob": return "clob:" + clobText(call.getClob(index));
            case "d": return stamp("d", call.getTimestamp(index).toLocalDateTime());
            default: return "s:" + call.getString(index);
        }
    }

    static String returned(ResultSet set, int column, String kind) throws SQLException {
        if (set.getString(column) == null) return null;
        switch (kind) {
            case "n": return number(set.getBigDecimal(column));
            case "d": return stamp("d", set.getTimestamp(column).toLocalDateTime());
            default: return "s:" + set.getString(column);
        }
    }

}
