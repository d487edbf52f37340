# SPDX-License-Identifier: Apache-2.0
"""The demo's own judges must be able to say no: each test breaks one thing and expects it to be named."""
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import compare  # noqa: E402
import ledger  # noqa: E402
from tables import TABLES  # noqa: E402


def side(**tables):
    """table -> function giving lines, as the exports do."""
    return {table.name: (lambda lines=tuple(tables.get(table.name, ())): iter(lines)) for table in TABLES}


BEFORE = {"tags": ["1|tag-0001|0", "2|tag-0002|5"], "client_totals": []}
AFTER = {"tags": ["1|tag-0001|3", "2|tag-0002|5"], "client_totals": ["7|0|120"], "uploads": ["7|1|~|done|55|AB|2020-01-01 00:00:00.000000|~|~|~"]}
COMMITS = [
    {"s": "ok", "f": [["i", "client_totals", "7:0", {"total": "0"}]]},
    {"s": "ok", "f": [["i", "uploads", "7:1", {"state": "new", "bytes": "50", "checksum": "AB"}]]},
    {"s": "ok", "f": [["i", "uploads", "7:2", {"state": "new", "bytes": "51"}]]},
    {"s": "ok", "f": [["u", "uploads", "7:1", {"state": "done", "bytes": "55"}], ["a", "tags", "1", {"uses": 1}], ["u", "client_totals", "7:0", {"total": "120"}]]},
    {"s": "ok", "f": [["a", "tags", "1", {"uses": 2}], ["d", "uploads", "7:2", {}]]},
]


class LedgerTest(unittest.TestCase):
    def check(self, after, commits=None):
        with tempfile.TemporaryDirectory() as folder:
            lines = [json.dumps(commit) for commit in (COMMITS if commits is None else commits)]
            (Path(folder) / "client-7.jsonl").write_text("\n".join(lines) + "\n")
            return ledger.check(ledger.read_ledgers(folder), side(**after), side(**BEFORE))

    def test_everything_there(self):
        verdict = self.check(AFTER)
        self.assertTrue(verdict.good, verdict.examples)
        self.assertEqual((verdict.commits, verdict.effects, verdict.rows), (5, 8, 4))

    def broken(self, table, lines, kind, commits=None):
        verdict = self.check(dict(AFTER, **{table: lines}), commits)
        self.assertEqual(getattr(verdict, kind), 1, verdict.examples)
        self.assertFalse(verdict.good)

    def test_lost_insert(self):
        self.broken("uploads", [], "missing")

    def test_lost_update(self):
        self.broken("uploads", [AFTER["uploads"][0].replace("done|55", "new|50")], "missing")

    def test_increment_applied_twice(self):
        self.broken("tags", ["1|tag-0001|5", "2|tag-0002|5"], "missing")

    def test_increment_lost(self):
        self.broken("tags", ["1|tag-0001|2", "2|tag-0002|5"], "missing")

    def test_undone_delete(self):
        self.broken("uploads", AFTER["uploads"] + ["7|2|~|new|51|~|2020-01-01 00:00:00.000000|~|~|~"], "extra")

    def test_row_of_nobody(self):
        self.broken("uploads", AFTER["uploads"] + ["8|1|~|new|1|~|2020-01-01 00:00:00.000000|~|~|~"], "extra")

    def test_row_twice(self):
        self.broken("uploads", AFTER["uploads"] * 2, "extra")

    def test_old_row_changed_by_nobody(self):
        self.broken("tags", ["1|tag-0001|3", "2|tag-0002|6"], "extra")

    def test_old_row_gone(self):
        self.broken("tags", ["1|tag-0001|3"], "missing")

    def test_touched_row_changed_in_another_column(self):
        self.broken("tags", ["1|tag-9999|3", "2|tag-0002|5"], "missing")

    def test_unknown_commit_is_counted_and_may_stand_or_not(self):
        commits = COMMITS + [{"s": "unknown", "f": [["i", "uploads", "7:3", {"state": "new"}]]}]
        for more in ([], ["7|3|~|new|1|~|2020-01-01 00:00:00.000000|~|~|~"]):
            verdict = self.check(dict(AFTER, uploads=AFTER["uploads"] + more), commits)
            self.assertTrue(verdict.good, verdict.examples)
            self.assertEqual(verdict.unknown, 1)


class CompareTest(unittest.TestCase):
    def test_equal(self):
        result = compare.compare(side(**AFTER), side(**AFTER))
        self.assertTrue(result.equal)
        self.assertEqual(result.rows, 4)

    def test_each_kind_of_difference(self):
        other = dict(AFTER, tags=["1|tag-0001|4", "3|tag-0003|5"])
        result = compare.compare(side(**AFTER), side(**other))
        self.assertEqual((result.different, result.only_source, result.only_target), (1, 1, 1))
        self.assertIn("uses: source 3 target 4", " ".join(result.examples))

    def test_keys_are_compared_as_numbers(self):
        left, right = ["2|a|0", "10|b|0"], ["2|a|0", "9|c|0", "10|b|0"]
        result = compare.compare(side(tags=left), side(tags=right))
        self.assertEqual((result.different, result.only_source, result.only_target), (0, 0, 1))


if __name__ == "__main__":
    unittest.main()
