# SPDX-License-Identifier: Apache-2.0
"""One connection of python-oracledb, as tcps.py asks for it: tcps_client.py JSON; answers {"value": ..} or {"error": number or text}."""
import json
import ssl
import sys

import oracledb

wish = json.loads(sys.argv[1])
parameters = {key: wish[key] for key in ("user", "password", "host", "port", "service_name", "protocol", "tcp_connect_timeout") if key in wish}
if "ca" in wish:
    parameters["ssl_context"] = ssl.create_default_context(cafile=wish["ca"])
    parameters["ssl_server_dn_match"] = wish.get("match", True)
    if wish.get("oldest"):
        parameters["ssl_context"].maximum_version = ssl.TLSVersion.TLSv1_2
try:
    with oracledb.connect(**parameters) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT :1 || 'x' FROM dual", ["y" * 3000])
        [(text,)] = cursor.fetchall()
        print(json.dumps({"value": len(text)}))
except oracledb.Error as failure:
    error = failure.args[0]
    print(json.dumps({"error": error.code or error.full_code, "text": str(error)[:300]}))
except (OSError, ValueError) as failure:
    print(json.dumps({"error": type(failure).__name__, "text": str(failure)[:300]}))
