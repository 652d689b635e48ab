"""`python -m audit`: the headless way through, by the same steps as the pages."""

from __future__ import annotations

import argparse
import gc
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from storage import of_memory
from words import Refusal, say

try:
    from analysis.charts.labels import legible
    from audit.commands import EXIT_REFUSED, ask, compare, effect, init, language_of, report, run, serve, step
    from audit.settings import MOST_SEED
except (MemoryError, ImportError, RuntimeError) as error:
    if not of_memory(error):
        raise
    print(say("audit.no_memory_to_begin"), file=sys.stderr)
    sys.exit(2)  # EXIT_REFUSED, which could not be loaded either

COLLECTED_AFTER = (50_000, 20, 50)
"""What the numerical libraries leave when they are loaded lasts: looking for garbage as often as Python does by itself
(after 700 new objects) took a tenth of an audit's time."""
EXIT_SIGNALLED = 128
"""The shell's custom: this and the signal's number."""


def parser() -> argparse.ArgumentParser:
    """The command line; its flags are a contract."""
    root = argparse.ArgumentParser(
        prog="python -m audit",
        description="Audit a recommender's log, headless.",
        epilog="Exit codes: 0 done; 2 refused, or a rule cannot be judged; 3 a rule fired; 128 and more, a signal.",
    )
    commands = root.add_subparsers(dest="command", required=True)
    _init_arguments(commands.add_parser("init", help="write audit.toml for a log, guessing what is not given"))
    running = commands.add_parser("run", help="run every step and write the report")
    running.add_argument("settings", type=Path, help="audit.toml")
    running.add_argument("-o", "--output", type=Path, required=True, help="folder for audit.json, report.* and tables/")
    running.add_argument("--scope", metavar="COHORT", help="judge the people of this cohort of audit.toml alone")
    running.add_argument("--population", metavar="COHORT", help="ask the causal questions of this cohort's rows alone")
    running.add_argument(
        "--fail-on", action="append", default=[], metavar="RULE", help="'KEY > NUMBER': exit with 3 when it fires"
    )
    running.add_argument("--quiet", action="store_true", help="no progress on standard error")
    rendering = commands.add_parser("report", help="render audit.json again")
    rendering.add_argument("folder", type=Path)
    rendering.add_argument("--format", default="html,pdf,json,csv", help="html,pdf,json,csv")
    rendering.add_argument("--language", choices=("en", "zh"), help="default: the audit's")
    comparing = commands.add_parser("compare", help="what differs between two audits")
    comparing.add_argument("first", type=Path)
    comparing.add_argument("second", type=Path)
    _effect_arguments(commands.add_parser("effect", help="one effect over a whole Parquet log, however large"))
    asking = commands.add_parser("ask", help="show the first prompt of an audit folder, and with --send its reply")
    asking.add_argument("folder", type=Path)
    asking.add_argument("step", choices=("prompted", "recommender"))
    asking.add_argument("--place", type=int, default=0, help="who asks: 0 nobody in particular, then the values")
    asking.add_argument("--send", action="store_true", help="send it, and show what the reply names")
    asking.add_argument("--json", action="store_true", help="one line of JSON, for programs")
    _serve_arguments(commands.add_parser("serve", help="a saved model as a web service: lists by user id"))
    stepping = commands.add_parser("step", help="run some steps of an audit folder (what the dashboard's jobs call)")
    stepping.add_argument("folder", type=Path)
    stepping.add_argument("steps", nargs="+")
    stepping.add_argument("--job")
    stepping.add_argument("--database", type=Path)
    return root


def _init_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--log", required=True, help="log file, a folder in MovieLens-100K or Coat layout, or 'demo'")
    command.add_argument("--users", type=Path, help="users file")
    command.add_argument("--items", type=Path, help="items file")
    for role in (
        *("user", "item", "time", "outcome", "treatment", "position", "propensity"),
        *("provider", "category", "text", "randomised"),
    ):
        command.add_argument(f"--{role}", metavar="COL", help=f"column of the {role}")
    command.add_argument("--sensitive", metavar="COL,COL", help="columns of the sensitive attributes")
    command.add_argument(
        "--pseudonyms",
        action="store_true",
        help="replace user ids by a keyed hash whenever the files are read (key: EVENHAND_ID_KEY, or made at random)",
    )
    command.add_argument("--title", default=None, help="printed on the report (default: the log's name)")
    command.add_argument("--language", choices=("en", "zh"), default="en")
    command.add_argument("-o", "--output", type=Path, default=Path("audit.toml"), help="default: audit.toml")
    command.add_argument("--force", action="store_true", help="replace the settings file where there is one")


def _within(least: int, most: int) -> Callable[[str], int]:
    """What reads a whole number, with the limits that audit.toml has for it."""

    def number(text: str) -> int:
        if not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
        return int(text)

    return number


def _effect_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--log", type=Path, required=True, help="Parquet file, or a folder of them")
    for role, what in (("user", "who"), ("treatment", "whose effect is asked for"), ("outcome", "a number, or 0/1")):
        command.add_argument(f"--{role}", metavar="COL", required=True, help=what)
    command.add_argument("--adjust", metavar="COL,COL", default="", help="columns whose values are held fixed")
    command.add_argument("--reference", help="the treatment that is compared with (default: 0, or the most frequent)")
    command.add_argument("--level", help="the treatment asked about, where there are several kinds")
    command.add_argument("--estimand", choices=("ATE", "ATT"), default="ATE", help="over all rows, or the treated ones")
    command.add_argument("--replicates", type=_within(100, 20_000), default=1000, help="bootstrap samples of users")
    command.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb", help="spark: EVENHAND_SPARK_MASTER")
    command.add_argument("--k", type=_within(5, 1_000_000), default=10, help="fewest people that a figure may rest on")
    command.add_argument("--seed", type=_within(0, MOST_SEED), default=1)
    command.add_argument("--language", choices=("en", "zh"), default="en")
    command.add_argument("-o", "--output", type=Path, help="write the section as JSON")


def _serve_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, help="an audit's folder, or the model's inside it (work/model)")
    command.add_argument("--host", default="127.0.0.1", help="address to answer on (default: this machine only)")
    command.add_argument("--port", type=_within(1, 65_535), default=8600)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 2 refused (one sentence on standard error), 3 a rule of --fail-on fired."""
    arguments = sys.argv[1:] if arguments is None else arguments
    given = parser().parse_args(arguments)
    gc.set_threshold(*COLLECTED_AFTER)
    try:
        _refuse_other_than_text(arguments)
        code = _done(given)
        sys.stdout.flush()  # here, where a reader that is gone can be told
        return code
    except Refusal as refusal:
        print(legible(refusal.sentence(language_of(given))), file=sys.stderr)
        return EXIT_REFUSED
    except (MemoryError, ImportError, RuntimeError) as error:  # the last two also of libraries that find no room
        if not of_memory(error):
            raise
        print(say("audit.out_of_memory", language_of(given)), file=sys.stderr)
        return EXIT_REFUSED
    except KeyboardInterrupt as told:
        print(say("audit.interrupted", language_of(given)), file=sys.stderr)
        return EXIT_SIGNALLED + (told.args[0] if told.args else signal.SIGINT)
    except BrokenPipeError:  # `... | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_SIGNALLED + signal.SIGPIPE
    except OSError as error:
        if getattr(given, "job", None) is not None:  # a worker tells its page, and keeps names out of its log
            raise
        print(say("audit.system", language_of(given), why=legible(str(error))), file=sys.stderr)
        return EXIT_REFUSED


def _refuse_other_than_text(arguments: Sequence[str]) -> None:
    """Bytes that are no UTF-8 could stand in no settings and no report."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise Refusal("audit.not_text", argument=argument) from error


def _done(given: argparse.Namespace) -> int:
    match given.command:
        case "init":
            return init(given)
        case "run":
            about = {name: getattr(given, name) for name in ("scope", "population") if getattr(given, name)}
            return run(given.settings, given.output, given.fail_on, given.quiet, about)
        case "report":
            return report(given.folder, [name.strip() for name in given.format.split(",")], given.language)
        case "compare":
            return compare(given.first, given.second)
        case "effect":
            return effect(given)
        case "ask":
            return ask(given.folder, given.step, given.place, given.send, given.json)
        case "serve":
            return serve(given.folder, given.host, given.port)
        case _:
            return step(given.folder, given.steps, given.job, given.database)


def _interrupt(number: int, frame: object) -> None:
    """Asked to stop: as by Ctrl+C, so that whatever is being read or written is cleared away."""
    raise KeyboardInterrupt(number)


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without Chinese must not end an audit
        sys.stdout.reconfigure(errors="backslashreplace")
    if "--job" not in sys.argv:  # a worker ends at once: the server has it marked, and sweeps after it
        signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
