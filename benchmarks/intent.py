"""Does browsing make people buy? With and without the intents that a language model reads from texts.

    python -m benchmarks.intent [--users 1500] [--rows 30] [--seed 1]

The log is made: browsing adds 0.03 to the share of rows that are bought, and people browse and buy what they came for.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.browsing import EFFECT, ROLES, simulate_browsing
from analysis.causal.settings import EffectSettings
from analysis.document import Section
from analysis.ingest import Source
from audit.run import Run
from audit.settings import AuditSettings
from audit.steps import run_steps
from audit.workspace import AuditFolder
from benchmarks.machine import machine
from models.topics import TopicSettings

WAYS = {
    "without intents (not identifiable)": TopicSettings(),
    "intents from what each user bought": TopicSettings(enabled=True),
    "intents from what each user browsed or bought": TopicSettings(enabled=True, signs="treatment"),
    "intents from each user's own words": TopicSettings(enabled=True, signs="text", user_text="says"),
}


def effects_with(topics: TopicSettings, folder: Path, users: int, rows: int, seed: int) -> Section:
    """The effects step's section of the made log, as an analyst would get it."""
    made = simulate_browsing(users, rows, seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name in ("log", "users", "items"):
        paths[name] = str(folder / f"{name}.csv")
        getattr(made, name).to_csv(paths[name], index=False)
    settings = AuditSettings(
        data=Source(kind="files", **paths),
        roles=ROLES,
        topics=topics,
        graph={"template": "browse_buy"},
        effects=EffectSettings(replicates=500, simulations=20),
    )
    audit = AuditFolder(folder / "audit")
    audit.save_settings(settings)
    run: Run = run_steps(audit, ("data", "graph", "effects"), lambda *_: None)
    section = run.folder.section("effects")
    assert section is not None
    return section


def main(arguments: list[str]) -> int:
    """Simulate, read the texts, estimate, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intent")
    parser.add_argument("--users", type=int, default=1500)
    parser.add_argument("--rows", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    print(f"intent: {machine()}")
    print(f"{chosen.users} users x {chosen.rows} rows; browsing truly adds {EFFECT}\n")
    print("| adjusted for | figure | value | 95% interval |\n|---|---|---|---|")
    for name, topics in WAYS.items():
        with TemporaryDirectory() as folder:
            section = effects_with(topics, Path(folder), chosen.users, chosen.rows, chosen.seed)
        for one in section.findings:
            if one.key in ("effect.naive", "effect.ate", "effect.ate[aipw]", "effect.remaining"):
                shown = "–" if one.value is None else f"{one.value:+.4f}"
                limits = "–" if one.low is None or one.high is None else f"{one.low:+.4f} to {one.high:+.4f}"
                print(f"| {name} | {one.key} | {shown} | {limits} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
