# SPDX-License-Identifier: Apache-2.0
"""Understudy's admin API over HTTP: what an operator's scripts would do."""
import http.client
import json
from pathlib import Path
from urllib.parse import urlencode


class AdminError(Exception):
    """The API answered something other than success."""

    def __init__(self, status, body):
        error = body.get("error", {}) if isinstance(body, dict) else {}
        if not isinstance(error, dict):
            error = {"text": str(error)}
        self.status = status
        self.code = error.get("code", "")
        self.missing = error.get("missing", [])
        self.text = error.get("text", str(body))
        super().__init__(f"HTTP {status} {self.code}: {self.text}" + "".join(f"\n  - {describe_missing(item)}" for item in self.missing))


def describe_missing(item):
    if not isinstance(item, dict):
        return str(item)
    advice = f" ({item['advice']})" if item.get("advice") else ""
    return f"{item.get('code', '')}: {item.get('text', '')}{advice}"


class Admin:
    def __init__(self, port, token_file, timeout_s=60):
        self.port = port
        self.token_file = Path(token_file)
        self.timeout_s = timeout_s

    def request(self, method, path, body=None, raw=False):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s)
        headers = {"Authorization": "Bearer " + self.token_file.read_text().strip()}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        if raw and answer.status < 400:
            return text
        try:
            parsed = json.loads(text) if text.strip() else {}
        except ValueError:
            parsed = {"error": {"code": "", "text": text[:500]}}
        if answer.status >= 400:
            raise AdminError(answer.status, parsed)
        return parsed

    def get(self, path, **query):
        return self.request("GET", path + ("?" + urlencode(query) if query else ""))

    def post(self, path, body=None):
        return self.request("POST", path, body if body is not None else {})

    def delete(self, path, **query):
        return self.request("DELETE", path + ("?" + urlencode(query) if query else ""))

    def status(self):
        return self.get("/v1/status")

    def text(self, path):
        return self.request("GET", path, raw=True)

    def answers(self):
        try:
            self.status()
            return True
        except (OSError, http.client.HTTPException, AdminError):
            return False
