# SPDX-License-Identifier: Apache-2.0
"""The migration, step by step, as an operator would run it: the names of the steps are those of --until."""
import subprocess
import time

import compare
import ledger
from admin import AdminError, describe_missing
from databases import TARGET_SCHEMA, legacy_statements
from machine import ROOT
from processes import Process, cpu_s, memory_mb
from screen import pick

STEPS = ("load", "observe", "dual-write", "backfill", "verify", "shadow", "planted-bug", "canary", "cutover", "rollback", "cutover-again", "complete")
CANARY = (1, 5, 25, 50, 100)
AUTHOR = "demo"
PATIENCE_S, WORK_S = 120, 600  # for what comes in some seconds, or in some ten: a slow machine with other work may take them
PLANTED_SOURCE = "UPDATE cdn_links SET url = :url, expires = :expires WHERE link_id = :id"
PLANTED_TARGET = "UPDATE media.cdn_links SET url = $1 || '?wrong', expires = $2 WHERE link_id = $3"
PLANTED_READS = ("link_by_region", "own_link", "j_link_by_id", "j_own_link")


class Failed(Exception):
    """The demo's claim did not hold; the text says which."""


class Story:
    def __init__(self, parts, screen, options):
        self.postgres, self.legacy, self.daemon, self.load = parts["postgres"], parts["legacy"], parts["daemon"], parts["load"]
        self.folder, self.logs = parts["folder"], parts["logs"]
        self.screen, self.options = screen, options
        self.result = {"switches": [], "planted_bug": {}, "claims": []}
        self.baseline = None
        self.legacy_gone = False

    # --- watching -------------------------------------------------------------------------------------------------------------

    def look(self):
        """One look at everything: dead processes end the demo, the screen is drawn, the daemon's status is answered."""
        self.daemon.process.check()
        if not self.legacy_gone:
            self.legacy.server.check()
        self.load.check()
        status = self.daemon.admin.status()
        self.result["last_status"] = status
        self.screen.update(status, self.load.total())
        return status

    def watch(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.2)

    def until(self, condition, timeout_s, what):
        """Looks until condition(status) is true."""
        end = time.monotonic() + timeout_s
        while True:
            status = self.look()
            value = condition(status)
            if value:
                return value
            if time.monotonic() > end:
                raise Failed(f"{what}: not within {timeout_s} s; {gate_text(status)}")
            time.sleep(0.2)

    def claim(self, text, good, detail=""):
        """A statement of the report. One that does not hold makes the demo fail, at its end."""
        self.result["claims"].append({"claim": text, "held": bool(good), "detail": str(detail)})
        self.screen.say(("ok      " if good else "FAILED  ") + text + (f": {detail}" if detail != "" else ""))

    # --- the steps ------------------------------------------------------------------------------------------------------------

    def run(self, until):
        steps = {name: getattr(self, "step_" + name.replace("-", "_")) for name in STEPS}
        for name in STEPS:
            self.screen.begin(name)
            before = self.use()
            steps[name]()
            self.result.setdefault("use", {})[name] = {key: round(value - before.get(key, 0), 2) for key, value in self.use().items()}
            if name == until:
                break
        self.screen.clock.close()

    def use(self):
        """Calls made and processor seconds used so far, by process."""
        found = {"calls": self.load.total()["calls"], "postgres": cpu_s(self.postgres.pid()), "mariadb": cpu_s(self.legacy.pid())}
        for process in (self.daemon.process, self.legacy.server, *self.load.processes):
            if process is not None:
                found[process.name] = cpu_s(process.pid)
                self.result.setdefault("memory_mb", {})[process.name] = memory_mb(process.pid)
        return found

    def prepare(self):
        """Both schemas, the legacy's rows, and a copy of them as they were before any client came."""
        run_statements(self.legacy, self.folder, self.logs, ROOT / "demo/schema/oracle.sql", self.options.assets)
        self.postgres.run_file(ROOT / "demo/schema/postgres.sql")
        started = time.monotonic()
        run_statements(self.legacy, self.folder, self.logs, ROOT / "demo/schema/load.sql", self.options.assets)
        self.result["load_s"] = round(time.monotonic() - started, 1)
        self.baseline = compare.export_source(self.legacy, self.folder / "check" / "baseline")

    def step_load(self):
        self.prepare()
        self.screen.say(f"{self.options.assets:,} assets loaded on the legacy side in {self.result['load_s']} s")

    def step_observe(self):
        self.daemon.start()
        self.load.connect = self.daemon.connect()
        self.load.start()
        self.screen.say(f"{self.load.total()['clients']} clients of two drivers connected through Understudy")
        self.watch(5)
        statements = self.daemon.admin.get("/v1/statements")
        rows = statements.get("statements", statements) if isinstance(statements, dict) else statements
        self.result["statements"] = len(rows)
        self.claim("the statement inventory is there", len(rows) >= 12, f"{len(rows)} statements")

    def move(self, to, percent=None, timeout_s=PATIENCE_S, reason="the demo goes on"):
        """Enters a phase. A closed gate is waited for, as long as it is only evidence that is missing; a real difference ends the demo."""
        body = {"to": to, "author": AUTHOR, "reason": reason}
        if percent is not None:
            body["percent"] = percent
        began = time.monotonic()
        last, verified = None, False
        while True:
            try:
                return self.daemon.admin.post("/v1/phase", body)
            except AdminError as problem:
                # 409: evidence is missing; 504: a transaction stayed open too long, everything was put back.
                if problem.status not in (409, 504) or time.monotonic() - began > timeout_s:
                    raise
                codes = {item.get("code") for item in problem.missing if isinstance(item, dict)}
                if (codes, problem.code) != last:
                    last = (codes, problem.code)
                    self.screen.say(f"not yet in {to}: " + ("; ".join(describe_missing(item) for item in problem.missing[:3]) or problem.text))
            self.fail_on_divergence()
            if codes & {"VERIFY_INCOMPLETE", "GAP_OPEN"} and not verified:
                self.work("verify")
                verified = True
            self.watch(0.5)

    def fail_on_divergence(self):
        """Nothing may differ but what the demo planted."""
        if pick(self.look(), "divergences", "open", default=0) == 0:
            return
        self.watch(3)
        open_now = self.daemon.admin.get("/v1/divergences", status="open")
        if open_now:
            self.result["divergences"] = open_now[:20]
            raise Failed("both sides differ: " + "; ".join(
                f"{entry.get('origin')} {entry.get('table')} {entry.get('key')} {entry.get('statement', '')[:80]}: {entry.get('reason')} "
                f"source {str(entry.get('source'))[:150]} target {str(entry.get('target'))[:150]}" for entry in open_now[:3]))

    def enter(self, to, percent=None, timeout_s=PATIENCE_S):
        self.move(to, percent, timeout_s)
        self.until(lambda status: status["phase"] == to and (percent is None or status.get("canary_percent") == percent), PATIENCE_S, f"phase {to}")

    def work(self, kind, **body):
        """Starts backfill or verify and watches it to its end."""
        answer = self.daemon.admin.post(f"/v1/{kind}", body)
        began = time.monotonic()

        def finished(_status):
            jobs = [job for job in self.daemon.admin.get("/v1/work") if job.get("work", "").startswith(kind)]
            failed = [job for job in jobs if job.get("status") == "failed"]
            if failed:
                raise Failed(f"{kind} failed: {failed}")
            return jobs if jobs and all(job.get("status") == "done" for job in jobs) else None

        jobs = self.until(finished, WORK_S, kind)
        rows = sum(job.get("rows", 0) for job in jobs)
        seconds = time.monotonic() - began
        self.screen.say(f"{kind}: {rows:,} rows of {len(jobs)} tables in {seconds:.1f} s")
        self.result[kind] = {"rows": rows, "seconds": round(seconds, 1), "rows_per_s": round(rows / max(seconds, 0.001))}
        return answer

    def step_dual_write(self):
        self.enter("dual-write")
        self.watch(2)

    def step_backfill(self):
        self.work("backfill")

    def step_verify(self):
        self.work("verify")
        status = self.look()
        self.claim("every row verified", pick(status, "rows", "verified", default=0) >= self.options.assets, f"{pick(status, 'rows', 'verified', default=0):,} rows")
        self.claim("nothing diverges after the backfill", pick(status, "divergences", "open", default=0) == 0, f"{pick(status, 'divergences', 'open')} open")

    def step_shadow(self):
        self.enter("shadow")
        self.load.set_think(self.options.fast_think_ms)
        self.watch(5)

    def step_planted_bug(self):
        """An override that maps one write wrongly: shadow reads must catch it, and the gate must close until it is repaired."""
        admin, planted = self.daemon.admin, self.result["planted_bug"]
        before = pick(self.look(), "divergences", "total", default=0)
        override = admin.post("/v1/overrides", {"source": PLANTED_SOURCE, "target": PLANTED_TARGET, "author": AUTHOR, "reason": "planted bug"})
        began = time.monotonic()
        self.screen.say("planted: UPDATE cdn_links writes a wrong url on the target")
        self.until(lambda status: pick(status, "divergences", "open", default=0) > 0 and self.demoted(), PATIENCE_S, "the planted bug is caught and its reads demoted")
        planted["seconds_to_catch"] = round(time.monotonic() - began, 2)
        planted["demoted"] = self.demoted()
        self.claim("shadow reads caught the planted bug", True, f"after {planted['seconds_to_catch']} s; demoted: {', '.join(planted['demoted'])[:160]}")
        try:
            admin.post("/v1/phase", {"to": "canary", "percent": 1, "author": AUTHOR, "reason": "should be refused"})
            planted["gate"] = {"code": "", "text": "the gate was open"}
        except AdminError as problem:
            codes = [item.get("code") for item in problem.missing if isinstance(item, dict)]
            planted["gate"] = {"code": problem.code, "codes": codes, "text": "; ".join(describe_missing(item) for item in problem.missing)}
        refused = "CONSISTENCY_THRESHOLD_NOT_MET" in [planted["gate"]["code"], *planted["gate"].get("codes", [])]
        self.claim("the gate answered CONSISTENCY_THRESHOLD_NOT_MET", refused, planted["gate"]["text"][:300])
        admin.delete("/v1/overrides", fingerprint=pick(override, "fingerprint", default=""))
        self.watch(2)
        self.repair()
        planted["divergences"] = pick(self.look(), "divergences", "total", default=0) - before
        planted["caught"] = refused and bool(planted["demoted"])

    def demoted(self):
        rows = self.daemon.admin.get("/v1/statements")
        rows = rows.get("statements", rows) if isinstance(rows, dict) else rows
        return [row.get("text", row.get("fingerprint", "?"))[:80] for row in rows if row.get("demoted")]

    def repair(self):
        """Until nothing is open: what was wrong before the override went may still come in while the first repair runs."""
        end = time.monotonic() + PATIENCE_S
        while True:
            self.daemon.admin.post("/v1/repair", {"divergences": "all", "author": AUTHOR})
            self.watch(1)
            status = self.look()
            if pick(status, "divergences", "open", default=0) == 0:
                self.claim("the rows were repaired", True, f"{pick(status, 'divergences', 'repaired', default=0)} repaired, 0 open")
                return
            if time.monotonic() > end:
                raise Failed(f"repair: {pick(status, 'divergences', 'open')} divergences still open after {PATIENCE_S} s")

    def step_canary(self):
        for percent in CANARY:
            self.enter("canary", percent, timeout_s=900)
            self.screen.say(f"canary {percent} %")
            self.watch(self.options.probation_s + 1)
            status = self.look()
            if status["phase"] != "canary" or status.get("canary_percent") != percent:
                raise Failed(f"canary {percent} % stepped back: {pick(status, 'guard', 'reason', default='no reason given')}")

    def switch(self, kind, act):
        """A change of primary under load: how long did any client wait around it?"""
        before = time.time()
        act()
        self.watch(3)
        calls = self.load.total()["calls"]
        self.until(lambda _status: self.load.total()["calls"] > calls, PATIENCE_S, f"answers to the clients after {kind}")
        status = self.look()
        entry = {"kind": kind, "client_pause_ms": round(self.load.longest_between(before, time.time()), 1), "reported": status.get("last_switch"),
                 "total_ms": pick(status, "last_switch", "total_ms")}
        self.result["switches"].append(entry)
        self.screen.say(f"{kind}: longest call of any client {entry['client_pause_ms']} ms, switch itself {pick(status, 'last_switch', 'pause_ms', default='-')} ms")
        return entry

    def step_cutover(self):
        self.load.set_think(self.options.think_ms)
        self.switch("cutover", lambda: self.enter("cutover", timeout_s=WORK_S))
        self.claim("PostgreSQL is the primary", self.look().get("primary") == "target", self.look().get("primary"))
        self.watch(self.options.probation_s + 1)

    def step_rollback(self):
        """PostgreSQL is stopped as by a power cut; nobody touches Understudy."""
        def fault():
            began = time.monotonic()
            self.postgres.crash()
            self.screen.say("PostgreSQL stopped at once (immediate)")
            self.until(lambda status: status.get("primary") == "source", 30, "the guard's rollback")
            self.result["rollback_ms"] = round((time.monotonic() - began) * 1000)

        self.switch("rollback", fault)
        status = self.look()
        self.claim("the guard rolled back by itself within 30 s", self.result["rollback_ms"] <= 30000,
                   f"{self.result['rollback_ms']} ms; {pick(status, 'guard', 'reason', default='')}")
        self.postgres.resume()
        self.screen.say("PostgreSQL is back")
        self.watch(2)

    def step_cutover_again(self):
        """From wherever the rollback left us, through the same gates."""
        order = ["dual-write", "shadow", "canary", "cutover"]
        self.until(lambda now: pick(now, "lag", "records", default=1) < 1000, PATIENCE_S, "the mirror catches up with what the rollback left")
        position = order.index(self.look()["phase"])
        self.work("verify")
        for phase in order[position + 1:-1]:
            self.enter(phase, 100 if phase == "canary" else None, timeout_s=WORK_S)
        self.switch("cutover again", lambda: self.enter("cutover", timeout_s=WORK_S))
        self.watch(self.options.probation_s + 1)

    def settle(self):
        """Clients stand still, and everything they wrote has reached both sides."""
        self.load.pause()
        self.until(lambda status: pick(status, "lag", "records", default=1) == 0, PATIENCE_S, "lag 0")
        time.sleep(0.5)

    def step_complete(self):
        self.settle()
        source, target = compare.export_both(self.legacy, self.postgres.conninfo, TARGET_SCHEMA, self.folder / "check" / "both")
        comparison = compare.compare(source, target)
        self.result["comparison"] = {"rows": comparison.rows, "differences": comparison.different + comparison.only_source + comparison.only_target,
                                     "tables": comparison.tables, "examples": comparison.examples}
        self.claim("both sides are equal, row by row", comparison.equal, f"{comparison.rows:,} rows" + examples_of(comparison))
        self.check_ledger("legacy", source)
        self.check_ledger("PostgreSQL", target)
        self.load.resume()
        self.watch(1)
        self.result["before_complete"] = self.look()
        self.switch("complete", lambda: self.enter("complete"))
        self.legacy_gone = True
        self.legacy.stop(at_once=True)
        self.screen.say("the legacy database is gone; the clients go on")
        self.watch(self.options.after_complete_s)

    def check_ledger(self, side, export):
        verdict = ledger.check(ledger.read_ledgers(self.load.ledgers), export, self.baseline)
        self.result.setdefault("ledger", {})[side] = {
            "commits": verdict.commits, "effects": verdict.effects, "rows": verdict.rows, "missing": verdict.missing, "extra": verdict.extra,
            "unknown": verdict.unknown, "examples": verdict.examples}
        self.claim(f"ledger: every acknowledged write is once on {side}, and nothing else", verdict.good and verdict.unknown == 0,
                   f"{verdict.commits:,} commits, {verdict.effects:,} effects, {verdict.rows:,} rows; missing {verdict.missing}, extra {verdict.extra}, "
                   f"unknown {verdict.unknown}" + examples_of(verdict))

    def keep_reports(self):
        """Understudy's own final report, beside the demo's."""
        self.options.results.mkdir(parents=True, exist_ok=True)
        for form, suffix in (("text", "txt"), ("html", "html"), ("json", "json")):
            (self.options.results / f"understudy.{suffix}").write_text(self.daemon.admin.text(f"/v1/report?format={form}"), encoding="utf-8")

    def finish(self):
        """Clients end; what they were acknowledged must stand on the side that is primary now."""
        bad = self.load.stop()
        total = self.load.total()
        self.result["load"] = total
        self.claim("the clients ended in order", not bad, ", ".join(bad))
        self.keep_reports()
        self.check_plans()
        if self.legacy_gone:
            self.check_ledger("PostgreSQL at the end", compare.export_target(self.postgres.conninfo, TARGET_SCHEMA, self.folder / "check" / "end"))


    def check_plans(self):
        """The share of executions that found their statement translated already. A short demo has too few of them for a claim."""
        rows = self.daemon.admin.get("/v1/statements")
        rows = rows.get("statements", rows) if isinstance(rows, dict) else rows
        executions = sum(row["executions"] for row in rows)
        made = pick(self.look(), "calls", "translations", default=0)
        self.result["plans"] = {"executions": executions, "translations": made, "found": round(1 - made / executions, 6) if executions else 0}
        if self.legacy_gone:
            self.claim("99.9 % of the executions found their statement translated", executions > 0 and made <= executions / 1000, f"{executions:,} executions, {made:,} translations")


def gate_text(status):
    gate = pick(status, "gate", default={})
    missing = "; ".join(describe_missing(item) for item in gate.get("missing", []))
    return f"phase {status.get('phase')}, lag {pick(status, 'lag', 'records')}, gate to {gate.get('target')}: {missing or 'open'}"


def examples_of(finding):
    return "\n      " + "\n      ".join(finding.examples[:8]) if finding.examples else ""


def run_statements(legacy, folder, logs, path, assets):
    """A schema file through a real driver, straight at the legacy side."""
    settings = folder / "statements.settings"
    settings.write_text("".join(f"{name}={value}\n" for name, value in legacy.connect().items()))
    prepared = folder / path.name
    prepared.write_text("\n/\n".join(legacy_statements(path, assets)) + "\n/\n", encoding="utf-8")
    log = logs / f"{path.stem}.log"
    process = Process(path.name, ["node", ROOT / "demo/load/node/statements.js", settings, prepared], log, env={"NODE_PATH": str(legacy.node_modules)})
    try:
        status = process.child.wait(WORK_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failed(f"{path.name} did not end within {WORK_S} s; see {log}") from None
    if status != 0:
        raise Failed(f"{path.name} failed on the legacy side:\n{process.tail()}")


__all__ = ["STEPS", "Story", "Failed"]
