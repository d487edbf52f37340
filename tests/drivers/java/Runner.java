// SPDX-License-Identifier: Apache-2.0
// Runs the driver cases with Oracle's JDBC thin driver: java Runner RUN.json, one JSON line for each case.
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import oracle.jdbc.OracleCallableStatement;
import oracle.jdbc.OracleConnection;
import oracle.jdbc.OraclePreparedStatement;

public final class Runner {
    static final class Wrong extends Exception {
        Wrong(String text) {
            super(text);
        }
    }

    static final class Skip extends Exception {
        Skip(String text) {
            super(text);
        }
    }

    static final Pattern TOKENS = Pattern.compile("'(?:[^']|'')*'|\"[^\"]*\"|--[^\\n]*|/\\*.*?\\*/|:(\\w+)", Pattern.DOTALL);
    private final Map<String, Object> settings;
    private final Map<String, Connection> connections = new LinkedHashMap<>();
    private final Map<String, FutureTask<Void>> behind = new HashMap<>();
    private Map<String, Long> variables = new HashMap<>();

    Runner(Map<String, Object> settings) {
        this.settings = settings;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object value) {
        return (List<Object>) value;
    }

    static int integer(Map<String, Object> step, String name, int otherwise) {
        return step.containsKey(name) ? ((Long) step.get(name)).intValue() : otherwise;
    }

    static void check(String what, Object wanted, Object got) throws Wrong {
        if (Objects.equals(wanted, got)) return;
        String a = String.valueOf(wanted), b = String.valueOf(got);
        throw new Wrong(what + ": wanted " + a.substring(0, Math.min(200, a.length())) + ", got " + b.substring(0, Math.min(200, b.length())));
    }

    List<String> expectedRow(Object row) {
        List<String> out = new ArrayList<>();
        for (Object value : list(row)) out.add(Values.expected(value, variables));
        return out;
    }

    // --- connections ---

    Connection connect(String name, Map<String, Object> step) throws SQLException {
        Object service = step.getOrDefault("service", settings.get("service"));
        String url = "jdbc:oracle:thin:@//" + settings.get("host") + ":" + settings.get("port") + "/" + service;
        if ("descriptor".equals(step.get("form"))) {
            String sdu = step.containsKey("sdu") ? "(SDU=" + step.get("sdu") + ")" : "";
            url = "jdbc:oracle:thin:@(DESCRIPTION=" + sdu + "(ADDRESS=(PROTOCOL=TCP)(HOST=" + settings.get("host") + ")(PORT=" + settings.get("port") + "))(CONNECT_DATA=(SERVICE_NAME=" + service + ")))";
        }
        Properties properties = new Properties();
        properties.put("user", step.getOrDefault("user", settings.get("user")));
        properties.put("password", step.getOrDefault("password", settings.get("password")));
        properties.put("oracle.jdbc.implicitStatementCacheSize", String.valueOf(integer(step, "cache", 20)));
        boolean branches = Boolean.TRUE.equals(step.get("xa"));
        Connection connection = branches ? Branches.connect(url, properties) : new oracle.jdbc.OracleDriver().connect(url, properties);
        connection.setAutoCommit(false);
        connections.put(name, connection);
        return connection;
    }

    Connection connection(String name) throws SQLException {
        Connection connection = connections.get(name);
        return connection != null ? connection : connect(name, Collections.emptyMap());
    }

    Connection connection(Map<String, Object> step) throws SQLException {
        return connection((String) step.getOrDefault("on", "a"));
    }

    void drop(String name) {
        Connection connection = connections.remove(name);
        if (connection == null) return;
        try {
            connection.rollback();
            connection.close();
            Branches.close(connection);
        } catch (SQLException gone) {
            // it is gone
        }
    }

    // --- rows ---

    static String typeName(String name) {
        if (name.startsWith("TIMESTAMP")) return name.contains("LOCAL") ? "TIMESTAMP WITH LOCAL TIME ZONE" : name.contains("ZONE") ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP";
        return name;
    }

    void checkColumns(Map<String, Object> step, ResultSet set) throws Exception {
        ResultSetMetaData meta = set.getMetaData();
        List<Object> columns = list(step.get("columns"));
        check("number of columns", columns.size(), meta.getColumnCount());
        for (int i = 1; i <= columns.size(); i++) {
            for (Map.Entry<String, Object> wanted : map(columns.get(i - 1)).entrySet()) {
                Object got;
                switch (wanted.getKey()) {
                    case "name": got = meta.getColumnLabel(i); break;
                    case "type": got = typeName(meta.getColumnTypeName(i)); break;
                    case "precision": got = (long) meta.getPrecision(i); break;
                    case "scale": got = (long) meta.getScale(i); break;
                    case "nullable": got = meta.isNullable(i) != ResultSetMetaData.columnNoNulls; break;
                    default: got = (long) meta.getPrecision(i);
                }
                check("column " + meta.getColumnLabel(i) + "." + wanted.getKey(), wanted.getValue(), got);
            }
        }
    }

    void checkRows(Map<String, Object> step, ResultSet set) throws Exception {
        if (step.containsKey("columns")) checkColumns(step, set);
        boolean locator = "locator".equals(step.get("lobs"));
        int columns = set.getMetaData().getColumnCount(), most = step.containsKey("fetch") ? integer(map(step.get("fetch")), "max", -1) : -1;
        Map<String, Object> summary = step.containsKey("summary") ? map(step.get("summary")) : null;
        List<List<String>> got = new ArrayList<>();
        List<String> first = null, last = null;
        BigDecimal sum = BigDecimal.ZERO;
        long count = 0;
        while ((most < 0 || count < most) && set.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= columns; i++) row.add(Values.actual(set, i, locator));
            if (first == null) first = row;
            last = row;
            count++;
            if (summary == null) got.add(row);
            else if (summary.containsKey("sum")) sum = sum.add(new BigDecimal(row.get(0).substring(2)));
        }
        if (step.containsKey("rows")) {
            List<Object> wanted = list(step.get("rows"));
            check("number of rows", wanted.size(), got.size());
            for (int i = 0; i < got.size(); i++) check("row " + i, expectedRow(wanted.get(i)), got.get(i));
        } else if (summary != null) {
            check("number of rows", summary.get("count"), count);
            if (summary.containsKey("sum")) check("sum of the first column", (String) summary.get("sum"), sum.toPlainString());
            if (summary.containsKey("first")) check("first row", expectedRow(summary.get("first")), first);
            if (summary.containsKey("last")) check("last row", expectedRow(summary.get("last")), last);
        }
    }

    // --- binds ---

    /** Binds go by their place here: one value for each occurrence, as JDBC counts them. */
    List<Object> places(String sql, Object binds) {
        if (binds == null) return Collections.emptyList();
        if (binds instanceof List) return list(binds);
        List<Object> out = new ArrayList<>();
        Map<String, Object> byName = new HashMap<>();
        map(binds).forEach((name, value) -> byName.put(name.toUpperCase(), value));
        Matcher tokens = TOKENS.matcher(sql);
        while (tokens.find()) {
            if (tokens.group(1) != null) out.add(byName.get(tokens.group(1).toUpperCase()));
        }
        return out;
    }

    static boolean isOut(Object bind) {
        return bind instanceof Map && map(bind).containsKey("out");
    }

    int place(Map<String, Object> step, String name) {
        if (step.get("binds") instanceof List) return Integer.parseInt(name) + 1;
        int at = 0;
        Matcher tokens = TOKENS.matcher((String) step.get("sql"));
        while (tokens.find()) {
            if (tokens.group(1) == null) continue;
            at++;
            if (tokens.group(1).equalsIgnoreCase(name)) return at;
        }
        return at;
    }

    void bindAll(PreparedStatement statement, List<Object> places, boolean returning) throws SQLException {
        for (int i = 0; i < places.size(); i++) {
            Object bind = places.get(i);
            if (bind instanceof Map && map(bind).containsKey("table")) {
                Tables.bind((OracleCallableStatement) statement, i + 1, map(bind), variables);
                continue;
            }
            if (!isOut(bind)) {
                Values.bind(statement, i + 1, bind, variables);
                continue;
            }
            String kind = (String) map(bind).get("out");
            if (returning) {
                ((OraclePreparedStatement) statement).registerReturnParameter(i + 1, Values.typeOf(kind));
            } else {
                ((CallableStatement) statement).registerOutParameter(i + 1, Values.typeOf(kind));
                if (map(bind).containsKey("in")) Values.bind(statement, i + 1, map(bind).get("in"), variables);
            }
        }
    }

    static Map<String, Object> outsOf(Object outs) {
        if (outs instanceof Map) return map(outs);
        Map<String, Object> made = new LinkedHashMap<>();
        for (int i = 0; i < list(outs).size(); i++) made.put(String.valueOf(i), list(outs).get(i));
        return made;
    }

    void checkReturned(Map<String, Object> step, List<Object> places, OraclePreparedStatement statement) throws Exception {
        List<Integer> outs = new ArrayList<>();
        for (int i = 0; i < places.size(); i++) if (isOut(places.get(i))) outs.add(i + 1);
        List<List<String>> columns = new ArrayList<>();
        for (int ignored : outs) columns.add(new ArrayList<>());
        ResultSet set = statement.getReturnResultSet();
        while (set.next()) {
            for (int i = 0; i < outs.size(); i++) columns.get(i).add(Values.returned(set, i + 1, (String) map(places.get(outs.get(i) - 1)).get("out")));
        }
        for (Map.Entry<String, Object> wanted : outsOf(step.get("outs")).entrySet()) {
            List<String> got = columns.get(outs.indexOf(place(step, wanted.getKey())));
            Object value = wanted.getValue();
            List<String> expected = value instanceof List ? expectedRow(value) : Collections.singletonList(Values.expected(value, variables));
            check("out " + wanted.getKey(), expected, got);
        }
    }

    // --- steps ---

    void executeMany(Map<String, Object> step, Connection connection) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement((String) step.get("sql"))) {
            for (Object row : list(step.get("many"))) {
                bindAll(statement, places((String) step.get("sql"), row), false);
                statement.addBatch();
            }
            int[] counts = statement.executeBatch();
            if (step.containsKey("counts")) {
                List<Object> got = new ArrayList<>();
                for (int count : counts) got.add((long) count);
                check("rows affected by each", step.get("counts"), got);
            }
            if (step.containsKey("count")) check("rows affected", step.get("count"), (long) Arrays.stream(counts).map(count -> count == -2 ? 1 : count).sum());
        }
    }

    void execute(Map<String, Object> step) throws Exception {
        Connection connection = connection(step);
        connection.setAutoCommit(Boolean.TRUE.equals(step.get("autocommit")));
        if (step.containsKey("many")) {
            executeMany(step, connection);
            return;
        }
        String sql = (String) step.get("sql");
        List<Object> places = places(sql, step.get("binds"));
        boolean block = sql.regionMatches(true, 0, "BEGIN", 0, 5) || sql.regionMatches(true, 0, "DECLARE", 0, 7), outs = places.stream().anyMatch(Runner::isOut);
        Timer timer = new Timer(true);
        try (PreparedStatement statement = block ? connection.prepareCall(sql) : connection.prepareStatement(sql)) {
            bindAll(statement, places, outs && !block);
            if (step.containsKey("fetch")) {
                statement.setFetchSize(integer(map(step.get("fetch")), "array", 10));
            }
            if (!block && (step.containsKey("rows") || step.containsKey("summary"))) {
                ((OraclePreparedStatement) statement).setLobPrefetchSize("locator".equals(step.get("lobs")) ? 4000 : 100000);
            }
            if (step.containsKey("timeout_ms")) statement.setQueryTimeout(Math.max(1, integer(step, "timeout_ms", 0) / 1000));
            if (step.containsKey("cancel_ms")) {
                timer.schedule(new TimerTask() {
                    @Override
                    public void run() {
                        try {
                            statement.cancel();
                        } catch (SQLException late) {
                            // the call is over
                        }
                    }
                }, integer(step, "cancel_ms", 0));
            }
            if (statement.execute()) {
                try (ResultSet set = statement.getResultSet()) {
                    checkRows(step, set);
                }
            } else if (step.containsKey("count")) {
                long count = statement.getUpdateCount();
                Object wanted = step.get("count");
                if (!(wanted instanceof List ? list(wanted) : Collections.singletonList(wanted)).contains(count)) throw new Wrong("rows affected: wanted " + wanted + ", got " + count);
            }
            if (step.containsKey("results")) checkResults(list(step.get("results")), statement);
            if (step.containsKey("outs")) checkOuts(step, places, statement, block);
            if (step.containsKey("cursors")) {
                for (Map.Entry<String, Object> cursor : map(step.get("cursors")).entrySet()) {
                    try (ResultSet set = (ResultSet) ((CallableStatement) statement).getObject(place(step, cursor.getKey()))) {
                        checkRows(map(cursor.getValue()), set);
                    }
                }
            }
        } finally {
            timer.cancel();
        }
    }

    void checkResults(List<Object> wanted, PreparedStatement statement) throws Exception {
        int count = 0;
        while (statement.getMoreResults()) {
            if (count >= wanted.size()) throw new Wrong("more implicit results than " + count);
            try (ResultSet set = statement.getResultSet()) {
                checkRows(map(wanted.get(count++)), set);
            }
        }
        check("number of implicit results", wanted.size(), count);
    }

    void checkOuts(Map<String, Object> step, List<Object> places, PreparedStatement statement, boolean block) throws Exception {
        if (!block) {
            checkReturned(step, places, (OraclePreparedStatement) statement);
            return;
        }
        for (Map.Entry<String, Object> wanted : outsOf(step.get("outs")).entrySet()) {
            int place = place(step, wanted.getKey());
            if (wanted.getValue() instanceof List) {
                check("out " + wanted.getKey(), expectedRow(wanted.getValue()), Tables.out((OracleCallableStatement) statement, place, (String) map(places.get(place - 1)).get("kind")));
                continue;
            }
            check("out " + wanted.getKey(), Values.expected(wanted.getValue(), variables), Values.out((CallableStatement) statement, place, (String) map(places.get(place - 1)).get("out")));
        }
    }

    void act(Map<String, Object> step) throws Exception {
        String name = (String) step.getOrDefault("on", "a");
        switch ((String) step.get("do")) {
            case "connect":
                drop((String) step.getOrDefault("as", "a"));
                connect((String) step.getOrDefault("as", "a"), step);
                return;
            case "close":
                Connection closed = connections.remove(name);
                closed.close();
                Branches.close(closed);
                return;
            case "xa": Branches.act(step, connection(name)); return;
            case "join": join((String) step.get("of")); return;
            case "abort": connections.remove(name).abort(Runnable::run); return;
            case "commit": connection(name).setAutoCommit(false); connection(name).commit(); return;
            case "rollback": connection(name).setAutoCommit(false); connection(name).rollback(); return;
            case "ping": check("ping", OracleConnection.DATABASE_OK, ((OracleConnection) connection(name)).pingDatabase()); return;
            case "sleep": Thread.sleep(integer(step, "ms", 0)); return;
            case "module":
                connection(name).setClientInfo("OCSID.MODULE", (String) step.get("module"));
                connection(name).setClientInfo("OCSID.ACTION", (String) step.get("action"));
                connection(name).setClientInfo("OCSID.CLIENTID", (String) step.get("client"));
                return;
            case "schema": connection(name).setSchema((String) step.get("schema")); return;
            case "repeat": repeat(step); return;
            default: Lobs.act(this, step, connection(name), variables);
        }
    }

    /** Runs the step beside those that follow; what goes wrong in it is told by the step that joins it. */
    void startBehind(Map<String, Object> step) {
        Map<String, Object> alone = new LinkedHashMap<>(step);
        FutureTask<Void> task = new FutureTask<>(() -> {
            step(alone);
            return null;
        });
        behind.put((String) alone.remove("behind"), task);
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
    }

    void join(String name) throws Exception {
        try {
            behind.remove(name).get(60, TimeUnit.SECONDS);
        } catch (ExecutionException problem) {
            throw (Exception) problem.getCause();
        }
    }

    void repeat(Map<String, Object> step) throws Exception {
        int from = integer(step, "from", 1), times = integer(step, "times", 1);
        for (int i = from; i < from + times; i++) {
            variables.put((String) step.getOrDefault("var", "i"), (long) i);
            for (Object inner : list(step.get("steps"))) step(map(inner));
        }
    }

    Object codeOf(SQLException problem) {
        if (problem instanceof java.sql.SQLTimeoutException) return "timeout";
        Matcher found = Pattern.compile("ORA-(\\d{5})").matcher(String.valueOf(problem.getMessage()));
        long code = found.find() ? Long.parseLong(found.group(1)) : problem.getErrorCode();
        if (code == 17002 || code == 17008 || code == 17410 || code == 3113) return "closed";
        return code;
    }

    void step(Map<String, Object> given) throws Exception {
        if (given.containsKey("behind")) {
            startBehind(given);
            return;
        }
        Map<String, Object> step = given;
        if (given.get("sql") instanceof String && ((String) given.get("sql")).contains("${")) {
            String sql = (String) given.get("sql");
            for (Map.Entry<String, Long> variable : variables.entrySet()) sql = sql.replace("${" + variable.getKey() + "}", String.valueOf(variable.getValue()));
            step = new LinkedHashMap<>(given);
            step.put("sql", sql);
        }
        Object error = step.get("error");
        try {
            if (step.containsKey("do")) act(step);
            else execute(step);
        } catch (SQLException problem) {
            Object code = codeOf(problem);
            if (error == null || !(error instanceof List ? list(error) : Collections.singletonList(error)).contains(code)) {
                throw new Wrong((error == null ? "no error" : error) + " wanted, got " + code + " " + problem.getMessage());
            }
            return;
        }
        if (error != null) throw new Wrong("error " + error + " wanted, the call succeeded");
    }

    void run(Map<String, Object> one) throws Exception {
        variables = new HashMap<>();
        if (one.containsKey("clean")) {
            for (Object table : list(one.get("clean"))) step(Collections.singletonMap("sql", "DELETE FROM " + table));
            act(Collections.singletonMap("do", "commit"));
        }
        int index = 0;
        for (Object step : list(one.get("steps"))) {
            index++;
            try {
                step(map(step));
            } catch (Wrong problem) {
                throw new Wrong("step " + index + ": " + problem.getMessage());
            }
        }
        for (String name : new ArrayList<>(connections.keySet())) if (!name.equals("a")) drop(name);
        if (connections.containsKey("a")) act(Collections.singletonMap("do", "rollback"));
    }

    static void say(String text) {
        System.out.println(text);
        System.out.flush();
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> settings = map(Json.read(new String(Files.readAllBytes(Paths.get(arguments[0])), StandardCharsets.UTF_8)));
        Map<String, Map<String, Object>> cases = new HashMap<>();
        for (Object one : list(map(Json.read(new String(Files.readAllBytes(Paths.get((String) settings.get("cases"))), StandardCharsets.UTF_8))).get("cases"))) {
            cases.put((String) map(one).get("name"), map(one));
        }
        Runner runner = new Runner(settings);
        say("{\"version\":" + Json.quote(settings.get("driver") + " " + oracle.jdbc.OracleDriver.getDriverVersion()) + "}");
        for (Object name : list(settings.get("names"))) {
            say("{\"begin\":" + Json.quote((String) name) + "}");
            long began = System.nanoTime();
            String status = "passed", reason = "";
            try {
                runner.run(cases.get((String) name));
            } catch (Skip problem) {
                status = "skipped";
                reason = problem.getMessage();
            } catch (Throwable problem) {
                status = "failed";
                reason = problem.getClass().getSimpleName() + ": " + problem.getMessage();
                if (!(problem instanceof Wrong)) problem.printStackTrace();
            }
            if (!status.equals("passed")) for (String open : new ArrayList<>(runner.connections.keySet())) runner.drop(open);
            say("{\"case\":" + Json.quote((String) name) + ",\"status\":\"" + status + "\",\"reason\":" + Json.quote(reason.substring(0, Math.min(600, reason.length()))) + ",\"ms\":"
                + (System.nanoTime() - began) / 1000000 + "}");
        }
        for (String open : new ArrayList<>(runner.connections.keySet())) runner.drop(open);
        System.exit(0);
    }
}
