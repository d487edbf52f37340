// SPDX-License-Identifier: Apache-2.0
// Distributed transactions: connections for XA, and the calls about a branch.
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Properties;

import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

import oracle.jdbc.xa.OracleXAException;
import oracle.jdbc.xa.client.OracleXADataSource;

final class Branches {
    private static final Map<Connection, XAConnection> RESOURCES = new IdentityHashMap<>();

    static final class Identifier implements Xid {
        private final String global, branch;

        Identifier(String global, String branch) {
            this.global = global;
            this.branch = branch;
        }

        /** The driver compares: it suspends the other branches around each call about one. */
        @Override
        public boolean equals(Object other) {
            return other instanceof Identifier && global.equals(((Identifier) other).global) && branch.equals(((Identifier) other).branch);
        }

        @Override
        public int hashCode() {
            return 31 * global.hashCode() + branch.hashCode();
        }

        @Override
        public int getFormatId() {
            return 7;
        }

        @Override
        public byte[] getGlobalTransactionId() {
            return global.getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public byte[] getBranchQualifier() {
            return branch.getBytes(StandardCharsets.US_ASCII);
        }
    }

    private Branches() {
    }

    static Connection connect(String url, Properties properties) throws SQLException {
        OracleXADataSource source = new OracleXADataSource();
        source.setURL(url);
        source.setUser(properties.getProperty("user"));
        source.setPassword(properties.getProperty("password"));
        XAConnection pooled = source.getXAConnection();
        Connection connection = pooled.getConnection();
        RESOURCES.put(connection, pooled);
        return connection;
    }

    /** Closing the connection only gives it back: the session ends with this. */
    static void close(Connection connection) throws SQLException {
        XAConnection pooled = RESOURCES.remove(connection);
        if (pooled != null) pooled.close();
    }

    static void act(Map<String, Object> step, Connection connection) throws Exception {
        if (!RESOURCES.containsKey(connection)) throw new Runner.Wrong("the connection was not opened for XA");
        XAResource resource = RESOURCES.get(connection).getXAResource();
        Xid xid = new Identifier(step.get("xid") + "-global", (String) step.getOrDefault("branch", "one"));
        String flag = (String) step.getOrDefault("flag", "new");
        try {
            switch ((String) step.get("op")) {
                case "start": resource.start(xid, flag.equals("join") ? XAResource.TMJOIN : flag.equals("resume") ? XAResource.TMRESUME : XAResource.TMNOFLAGS); return;
                case "end": resource.end(xid, flag.equals("suspend") ? XAResource.TMSUSPEND : XAResource.TMSUCCESS); return;
                case "prepare": Runner.check("whether the branch needs a commit", step.getOrDefault("needed", true), resource.prepare(xid) == XAResource.XA_OK); return;
                case "commit": resource.commit(xid, Boolean.TRUE.equals(step.get("one_phase"))); return;
                default: resource.rollback(xid);
            }
        } catch (XAException problem) {
            int code = problem instanceof OracleXAException ? ((OracleXAException) problem).getOracleError() : 0;
            throw new SQLException(String.format("ORA-%05d: XA error %d", code, problem.errorCode), null, code, problem);
        }
    }
}
