# SPDX-License-Identifier: Apache-2.0
"""Cursor soak with python-oracledb: python_client.py PORT CALLS SEED. Which statement comes when is said in soak.py."""
import json
import random
import sys

import oracledb

port, calls, chance = int(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
connection = oracledb.connect(user="soak", password="soak", dsn=f"127.0.0.1:{port}/SOAK")
connection.stmtcachesize = 20
wrong = 0
for n in range(calls):
    k = (n // 200 * 7 + chance.randrange(15)) % 415 if chance.random() < 0.9 else chance.randrange(415)
    bind, cursor = n * 1000 + k, connection.cursor()
    cursor.arraysize = 2 + k % 3
    cursor.prefetchrows = k % 4
    kind = k % 5
    try:
        if kind == 1:
            cursor.execute(f"UPDATE t SET a = :1 WHERE k = {k}", [bind])
            good = cursor.rowcount == k % 9
        else:
            cursor.execute(f"SELECT :1, {k} FROM {'broken' if kind == 2 else 't'}", [bind])
            if n % 31 == 0:
                cursor.close()  # with rows left
                continue
            good = cursor.fetchall() == [(bind, k)] * (1 if k % 4 else 6)
        if chance.random() < 0.02:
            try:
                cursor.execute(f"SELECT :1, {k} FROM missing", [bind])
                good = False
            except oracledb.DatabaseError as error:
                good = good and error.args[0].code == 942
    except oracledb.DatabaseError as error:
        good = kind == 2 and error.args[0].code == 1476
    wrong += not good
    cursor.close()
connection.close()
print(json.dumps({"calls": calls, "wrong": wrong, "version": oracledb.__version__}))
