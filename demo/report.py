# SPDX-License-Identifier: Apache-2.0
"""The demo's report: one model, printed as text, JSON and HTML."""
import html
import json

from screen import number, pick


def build_model(result, duration_s, steps, problem):
    """Flat figures first (scripts read them), details after."""
    load = result.get("load", {})
    status = result.get("last_status", {})
    before = result.get("before_complete", status)
    ledgers = result.get("ledger", {})
    claims = result.get("claims", [])
    held = bool(claims) and all(claim["held"] for claim in claims)
    model = {
        "ok": held and problem is None,
        "problem": problem,
        "duration_s": round(duration_s, 1),
        "calls_sent": load.get("calls", 0),
        "calls_failed": load.get("failed", 0),
        "calls_expected_errors": load.get("expected_errors", 0),
        "calls_per_s": round(load.get("calls", 0) / max(result.get("load_seconds", 0), 1)),
        "read_share": round(load.get("reads", 0) / max(load.get("calls", 0), 1), 3),
        "statement_kinds": len(load.get("kinds", {})),
        "clients": result.get("clients", 0),
        "reconnects": load.get("reconnects", 0),
        "connections_lost": load.get("lost", 0),
        "longest_pause_ms": load.get("longest_pause_ms", 0),
        "longest_pause_kind": load.get("longest_kind", ""),
        "rollback_ms": result.get("rollback_ms"),
        "executions": pick(result, "plans", "executions", default=0),
        "translations": pick(result, "plans", "translations", default=0),
        "comparisons": pick(before, "consistency", "comparable", default=0),
        "consistency_bound": pick(before, "consistency", "bound"),
        "consistency_estimate": pick(before, "consistency", "estimate"),
        "rows_verified": pick(before, "rows", "verified", default=0),
        "divergences_found": pick(before, "divergences", "total", default=0),
        "divergences_repaired": pick(before, "divergences", "repaired", default=0),
        "divergences_open": pick(before, "divergences", "open", default=0),
        "planted_bug_caught": bool(pick(result, "planted_bug", "caught", default=False)),
        "ledger_missing": sum(side["missing"] for side in ledgers.values()),
        "ledger_extra": sum(side["extra"] for side in ledgers.values()),
        "ledger_unknown": max([side["unknown"] for side in ledgers.values()], default=0),
        "ledger_commits": max([side["commits"] for side in ledgers.values()], default=0),
        "load_s": result.get("load_s"),
        "rows_compared": pick(result, "comparison", "rows", default=0),
        "rows_different": pick(result, "comparison", "differences", default=0),
        "switches": result.get("switches", []),
        "steps": steps,
        "claims": claims,
        "ledger": ledgers,
        "comparison": result.get("comparison", {}),
        "planted_bug": result.get("planted_bug", {}),
        "backfill": result.get("backfill", {}),
        "verify": result.get("verify", {}),
        "kinds": load.get("kinds", {}),
        "errors": load.get("errors", [])[:20],
        "divergences": result.get("divergences", []),
        "machine": result.get("machine", {}),
        "use": result.get("use", {}),
        "memory_mb": result.get("memory_mb", {}),
    }
    return model


FIGURES = (
    ("Calls sent", "calls_sent"), ("Calls failed", "calls_failed"), ("Errors on purpose, answered as expected", "calls_expected_errors"),
    ("Calls per second", "calls_per_s"), ("Share of reads", "read_share"), ("Kinds of calls", "statement_kinds"), ("Clients", "clients"),
    ("Reconnects", "reconnects"), ("Connections lost", "connections_lost"), ("Longest pause of a client, ms", "longest_pause_ms"),
    ("Time from fault to rolled back, ms", "rollback_ms"), ("Reads compared", "comparisons"),
    ("Executions of statements", "executions"), ("Translations made", "translations"), ("Consistency, estimate", "consistency_estimate"),
    ("Consistency, 95 % lower bound", "consistency_bound"), ("Rows verified", "rows_verified"), ("Divergences found", "divergences_found"),
    ("Divergences repaired", "divergences_repaired"), ("Divergences open", "divergences_open"), ("Planted bug caught", "planted_bug_caught"),
    ("Acknowledged commits in the ledger", "ledger_commits"), ("Acknowledged writes missing", "ledger_missing"),
    ("Writes nobody was acknowledged", "ledger_extra"), ("Commits with unknown outcome", "ledger_unknown"),
    ("Rows compared at the end, both sides", "rows_compared"), ("Rows different", "rows_different"), ("Duration, s", "duration_s"),
)


def shown(value):
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number(value)
    return str(value)


def as_text(model):
    lines = ["", "Understudy demo: " + ("every claim held" if model["ok"] else "FAILED"), ""]
    if model["problem"]:
        lines += ["stopped by: " + model["problem"], ""]
    lines += [f"  {label:<42} {shown(model[name]):>14}" for label, name in FIGURES]
    lines += ["", "  Switch                 longest call of a client    switch itself"]
    for switch in model["switches"]:
        lines.append(f"  {switch['kind']:<22} {number(switch['client_pause_ms'], 0):>21} ms {number(pick(switch, 'reported', 'pause_ms'), 0):>13} ms")
    lines += ["", "  Steps: " + ", ".join(f"{step['step']} {step['seconds']:.0f} s" for step in model["steps"]), ""]
    for claim in model["claims"]:
        lines.append(f"  [{'ok' if claim['held'] else 'FAILED'}] {claim['claim']}" + (f": {claim['detail']}" if claim["detail"] else ""))
    if model["errors"]:
        lines += ["", "  First errors of the clients:"] + ["    " + error for error in model["errors"]]
    return "\n".join(lines) + "\n"


PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Understudy demo report</title><style>
body{{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}}
table{{border-collapse:collapse;width:100%;margin:1rem 0}}td,th{{border-bottom:1px solid #d8dee8;padding:.3rem .6rem;text-align:left}}
td.n{{text-align:right;font-variant-numeric:tabular-nums}}.ok{{color:#0a6b2d}}.bad{{color:#b3261e;font-weight:600}}
</style></head><body><h1>Understudy demo: <span class="{css}">{verdict}</span></h1>{problem}
<h2>Figures</h2><table>{figures}</table>
<h2>Switches</h2><table><tr><th>Switch</th><th>Longest call of a client</th><th>Switch itself</th></tr>{switches}</table>
<h2>Claims</h2><table>{claims}</table><h2>Steps</h2><table>{steps}</table>
<h2>Calls by kind</h2><table><tr><th>Kind</th><th>Calls</th><th>Failed</th><th>Mean, ms</th><th>Longest, ms</th></tr>{kinds}</table></body></html>
"""


def as_html(model):
    def row(*cells):
        return "<tr>" + "".join(f'<td class="n">{html.escape(cell[1:])}</td>' if cell.startswith("#") else f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"

    claims = "".join(f'<tr><td class="{"ok" if claim["held"] else "bad"}">{"ok" if claim["held"] else "failed"}</td><td>{html.escape(claim["claim"])}</td>'
                     f'<td>{html.escape(claim["detail"])}</td></tr>' for claim in model["claims"])
    kinds = "".join(row(name, "#" + number(kind["calls"]), "#" + number(kind["failed"]), "#" + number(kind["total_ms"] / max(kind["calls"], 1), 2),
                        "#" + number(kind["max_ms"], 1)) for name, kind in sorted(model["kinds"].items()))
    return PAGE.format(
        css="ok" if model["ok"] else "bad", verdict="every claim held" if model["ok"] else "failed",
        problem=f'<p class="bad">{html.escape(model["problem"])}</p>' if model["problem"] else "",
        figures="".join(row(label, "#" + shown(model[name])) for label, name in FIGURES),
        switches="".join(row(switch["kind"], "#" + number(switch["client_pause_ms"], 0) + " ms", "#" + number(pick(switch, "reported", "pause_ms"), 0) + " ms")
                         for switch in model["switches"]),
        claims=claims, steps="".join(row(step["step"], f"#{step['seconds']:.1f} s") for step in model["steps"]), kinds=kinds)


def write(model, folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(model, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / f"{name}.txt").write_text(as_text(model), encoding="utf-8")
    (folder / f"{name}.html").write_text(as_html(model), encoding="utf-8")
