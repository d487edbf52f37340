// SPDX-License-Identifier: Apache-2.0
// PL/SQL index-by tables as binds: numbers and texts, which is what the driver has them for.
import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import oracle.jdbc.OracleCallableStatement;

final class Tables {
    private static final int TEXT_SIZE = 100;

    private Tables() {
    }

    static void bind(OracleCallableStatement call, int index, Map<String, Object> bind, Map<String, Long> variables) throws SQLException {
        String kind = (String) bind.get("kind");
        int room = ((Long) bind.get("table")).intValue(), size = kind.equals("s") ? TEXT_SIZE : 0;
        if (bind.containsKey("in")) {
            List<Object> given = Runner.list(bind.get("in"));
            Object[] values = kind.equals("s") ? new String[given.size()] : new BigDecimal[given.size()];
            for (int i = 0; i < values.length; i++) {
                String[] pair = Values.pair(given.get(i), variables);
                values[i] = pair == null ? null : kind.equals("s") ? pair[1] : new BigDecimal(pair[1]);
            }
            call.setPlsqlIndexTable(index, values, Math.max(Math.max(room, values.length), 1), values.length, Values.typeOf(kind), size);
        }
        if (bind.containsKey("out")) call.registerIndexTableOutParameter(index, room, Values.typeOf(kind), size);
    }

    static List<String> out(OracleCallableStatement call, int index, String kind) throws SQLException {
        List<String> values = new ArrayList<>();
        for (Object value : (Object[]) call.getPlsqlIndexTable(index)) values.add(value == null ? null : kind.equals("s") ? "s:" + value : Values.number((BigDecimal) value));
        return values;
    }
}
