#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes cases.json, the one file of cases that every driver's runner reads. Run it after a change in cases_*.py; tests/drivers/README.md says what a case is."""
import json
from pathlib import Path

import cases_branches
import cases_calls
import cases_sessions
import cases_values

if __name__ == "__main__":
    cases = cases_values.cases() + cases_calls.cases() + cases_sessions.cases() + cases_branches.cases()
    names = [case["name"] for case in cases]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    Path(__file__).with_name("cases.json").write_text('{"cases":[\n' + lines + "\n]}\n", encoding="utf-8")
    print(f"{len(cases)} cases")
