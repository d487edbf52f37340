# SPDX-License-Identifier: Apache-2.0
"""What became of the cases: build/results/drivers.json and docs/drivers.md."""
import json
from collections import Counter

from servers import ROOT

STATES = ("passed", "failed", "skipped")


def counts_of(outcome):
    counted = Counter(status for status, _, _ in outcome.values())
    return {state: counted.get(state, 0) for state in STATES}


def text_of(outcome):
    return ", ".join(f"{count} {state}" for state, count in counts_of(outcome).items())


def escaped(text):
    return text.replace("|", "\\|").replace("\n", " ").replace("`", "'")


def failure_lines(found, names):
    """A line for each case and reason, with those that it befell."""
    groups = {}
    for configuration in found:
        for driver in names:
            for case, (status, reason, _) in found[configuration].get(driver, {}).items():
                if status == "failed":
                    groups.setdefault((configuration, case), {}).setdefault(reason, []).append(driver)
    lines = []
    for (configuration, case), reasons in sorted(groups.items()):
        for reason, befell in reasons.items():
            lines.append(f"| {configuration} | {case} | {', '.join(befell)} | {escaped(reason[:240])} |")
    return lines


def skip_lines(found, names):
    groups = {}
    for configuration in found:
        for driver in names:
            for case, (status, reason, _) in found[configuration].get(driver, {}).items():
                if status == "skipped":
                    group = groups.setdefault(reason, {"cases": set(), "drivers": set(), "configurations": set()})
                    group["cases"].add(case)
                    group["drivers"].add(driver)
                    group["configurations"].add(configuration)
    return [f"| {escaped(reason)} | {len(group['cases'])} | {', '.join(name for name in names if name in group['drivers'])} | {', '.join(name for name in found if name in group['configurations'])} |"
            for reason, group in sorted(groups.items())]


def document(found, drivers, trouble, cases, configurations):
    names = [driver.name for driver in drivers]
    lines = ["<!-- SPDX-License-Identifier: Apache-2.0 -->", "# Drivers", "",
             f"Unmodified drivers, {len(cases)} cases for each (`tests/drivers/cases.json`), in {len(found)} configurations. This page is written by `make test-drivers`.", ""]
    lines += ["The source is the project's stand-in (MariaDB in Oracle mode behind our own protocol server), not an Oracle database: what Oracle itself would answer is shown by no line of this page.", ""]
    for name in found:
        lines.append(f"- **{name}**: {configurations[name]}" + (f". Trouble: {escaped(trouble[name])}" if name in trouble else ""))
    lines += ["", "| driver | version | " + " | ".join(f"{name}: passed / failed / skipped" for name in found) + " |", "|---|---|" + "---|" * len(found)]
    for driver in drivers:
        cells = []
        for name in found:
            counted = counts_of(found[name].get(driver.name, {}))
            cells.append(" / ".join(str(counted[state]) for state in STATES))
        lines.append(f"| {driver.name} | {driver.version} | " + " | ".join(cells) + " |")
    failures = failure_lines(found, names)
    lines += ["", f"## Failures ({len(failures)})", ""]
    lines += ["| configuration | case | drivers | reason |", "|---|---|---|---|", *failures] if failures else ["None."]
    skipped = skip_lines(found, names)
    lines += ["", "## Skipped", ""]
    lines += ["| reason | cases | drivers | configurations |", "|---|---|---|---|", *skipped] if skipped else ["None."]
    return "\n".join(lines) + "\n"


def merge(found, earlier, order):
    """Adds what an earlier run found out; answers nothing, because `found` is put in order in place."""
    for key, outcome in earlier.items():
        driver, configuration = key.split(" ")
        found.setdefault(configuration, {}).setdefault(driver, {case: (one["status"], one["reason"], one["ms"]) for case, one in outcome.items()})
    for name in order:
        if name in found:
            found[name] = found.pop(name)


def write(found, drivers, trouble, cases, configurations, docs, folder):
    total = Counter()
    summary = {driver.name: {"version": driver.version} for driver in drivers}
    known = [driver.name for driver in drivers]
    details = {}
    for configuration, by_driver in found.items():
        for driver, outcome in by_driver.items():
            if driver not in known:
                continue
            counted = counts_of(outcome)
            total.update(counted)
            summary[driver][configuration] = counted
            details[f"{driver} {configuration}"] = {case: {"status": status, "reason": reason, "ms": ms} for case, (status, reason, ms) in outcome.items()}
    (folder / "details.json").write_text(json.dumps(details, indent=1))
    if docs:
        place = ROOT / "build/results"
        place.mkdir(parents=True, exist_ok=True)
        (place / "drivers.json").write_text(json.dumps(summary, indent=1) + "\n")
        (ROOT / "docs/drivers.md").write_text(document(found, drivers, trouble, cases, configurations))
    for configuration, by_driver in found.items():
        for driver, outcome in by_driver.items():
            if any(status == "failed" for status, _, _ in outcome.values()):
                for case, (status, reason, _) in outcome.items():
                    if status == "failed":
                        print(f"FAIL {configuration} {driver} {case}: {reason[:300]}")
    return total["passed"], total["failed"], total["skipped"]
