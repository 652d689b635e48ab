"""The command line from log to report, on a small simulated shop and on the real logs."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.document import Document, Section
from analysis.ingest import Source
from analysis.simulate import Shop, simulate
from audit.__main__ import main
from audit.commands import _print_section
from audit.recommending import Recommending
from audit.settings import AuditSettings
from audit.settings_file import read_settings, settings_toml
from models.config import FactorSettings
from words import phrase, say

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
STEPS = ["data", "graph", "effects", "recommender", "disparity", "mitigation"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """audit.toml of a small shop, and the folder of its first run."""
    root = tmp_path_factory.mktemp("audit")
    settings = AuditSettings(
        title="Small shop",
        data=Source(kind="demo", shop=Shop(users=240, items=60)),
        recommender=Recommending(model=FactorSettings(dimensions=8, epochs=15)),
    )
    (root / "audit.toml").write_bytes(settings_toml(settings))
    assert main(["run", str(root / "audit.toml"), "-o", str(root / "first"), "--quiet"]) == 0
    return root


def test_a_run_leaves_every_file_of_the_contract(small):
    folder = small / "first"
    assert [section["step"] for section in json.loads((folder / "audit.json").read_text())["sections"]] == STEPS
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "<html" in (folder / "report.html").read_text()
    assert list((folder / "tables").glob("*.csv"))
    assert "seconds" in json.loads((folder / "run.json").read_text())


def test_the_same_settings_and_data_give_the_same_bytes(small):
    assert main(["run", str(small / "audit.toml"), "-o", str(small / "second"), "--quiet"]) == 0
    for name in ("audit.json", "report.html", "report.pdf"):
        assert (small / "first" / name).read_bytes() == (small / "second" / name).read_bytes(), name


def test_no_path_of_the_machine_and_no_time_enters_the_document(small):
    text = (small / "first" / "audit.json").read_text()
    assert str(small) not in text
    assert "/tmp" not in text


@pytest.mark.parametrize(("rule", "code"), [("gender.ndcg@10.gap > 9", 0), ("gender.ndcg@10.gap >= 0", 3)])
def test_a_rule_decides_the_exit_code(small, rule, code, capsys):
    assert main(["run", str(small / "audit.toml"), "-o", str(small / "first"), "--quiet", "--fail-on", rule]) == code
    assert ("Rule fired" in capsys.readouterr().err) is (code == 3)


def test_a_rule_with_a_typing_error_is_refused_before_anything_runs(small, capsys):
    assert main(["run", str(small / "audit.toml"), "-o", str(small / "never"), "--fail-on", "gap"]) == 2
    assert "not understood" in capsys.readouterr().err
    assert not (small / "never").exists()


def test_a_settings_file_of_the_analyst_is_left_as_it_is(small, tmp_path, capsys):
    """Also where the output folder is its own, and where another file's settings would be copied over it."""
    shop, mine = simulate(Shop(users=60, items=36)), tmp_path / "audit.toml"
    for name in ("log", "users", "items"):
        getattr(shop, name).to_csv(tmp_path / f"{name}.csv", index=False)
    mine.write_text('# mine\n[data]\nkind = "files"\nlog = "log.csv"\nusers = "users.csv"\nitems = "items.csv"\n')
    (tmp_path / "other.toml").write_bytes((small / "audit.toml").read_bytes())
    before = mine.read_bytes()
    assert main(["run", str(tmp_path / "other.toml"), "-o", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "audit.toml" in said and "no run wrote it" in said and len(said.splitlines()) == 1
    assert not (tmp_path / "work").exists()
    assert main(["run", str(mine), "-o", str(tmp_path), "--quiet"]) == 0
    assert main(["run", str(tmp_path / "other.toml"), "-o", str(tmp_path)]) == 2
    assert mine.read_bytes() == before


def test_what_a_terminal_obeys_is_not_sent_to_it(tmp_path, capsys):
    title = phrase("audit.wrote", path="\x1b]0;owned\x07\u202egender\n::set-output")
    section = Section(step="data", summary=(title,))
    document = Document(title="t", evenhand="0", versions={}, seed=1, digest="d", settings={}, sections=(section,))
    _print_section(document.sections[0], "en")
    printed = capsys.readouterr().out
    assert "gender" in printed and not set(printed) & {"\x1b", "\x07", "\u202e"}
    assert len(printed.strip().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("init --log {here}/log.csv -o {here}", "could not be written"),
        ("init --log {here}/log.csv --title \udcff", "no UTF-8 text"),
        ("run {here}/audit.toml -o {here}/log.csv", "写不进去"),
        ("run {here}/audit.toml -o {here}/new --scope nobody", "没有名为 nobody 的人群"),
        ("report {here}", "There is no audit.json in"),
        ("effect --log {here}/log.csv --user user --treatment t --outcome y", "no whole Parquet file"),
        ("effect --log {here} --user user --treatment t --outcome y", "no whole Parquet file"),
    ],
)
def test_what_cannot_be_done_ends_with_code_2_and_one_sentence(tmp_path, capsys, arguments, said):
    (tmp_path / "log.csv").write_text("user,item\n1,1\n2,2\n")
    (tmp_path / "audit.toml").write_text('language = "zh"\n')
    before = sorted(tmp_path.iterdir())
    assert main(arguments.format(here=tmp_path).split()) == 2
    told = capsys.readouterr().err
    assert said in told and len(told.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_run_that_is_told_to_stop_says_so_and_leaves_nothing_half_read(tmp_path):
    log = "\n".join(f"{n % 500},{n % 97},{n % 2}" for n in range(400_000))
    (tmp_path / "log.csv").write_text(f"user,item,outcome\n{log}\n")
    (tmp_path / "audit.toml").write_text('[data]\nkind = "files"\nlog = "log.csv"\n')
    command = [sys.executable, "-m", "audit", "run", str(tmp_path / "audit.toml"), "-o", str(tmp_path / "out")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as running:
        assert running.stderr is not None and "Reading the files" in running.stderr.readline()
        while not list(tmp_path.rglob(".partial-*/log.parquet")) and running.poll() is None:
            time.sleep(0.02)
        running.send_signal(signal.SIGTERM)
        said = running.stderr.read()
    assert running.returncode == 128 + signal.SIGTERM
    assert said.strip().splitlines()[-1].startswith("Stopped. What was finished is kept"), said
    assert not list(tmp_path.rglob(".partial-*"))


def test_a_full_disk_behind_the_output_ends_no_command_with_a_traceback(small):
    command = f"{sys.executable} -m audit compare {small}/first {small}/first >/dev/full; echo $? >&2"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True
    )
    assert "No space left on device" in done.stderr and "Traceback" not in done.stderr
    assert done.stderr.split()[-1] == "2"


def test_the_report_is_rendered_again_from_audit_json_alone(small, tmp_path):
    (tmp_path / "audit.json").write_bytes((small / "first" / "audit.json").read_bytes())
    assert main(["report", str(tmp_path), "--format", "html,pdf,csv"]) == 0
    assert (tmp_path / "report.html").read_bytes() == (small / "first" / "report.html").read_bytes()
    assert main(["report", str(tmp_path), "--format", "docx"]) == 2


def test_compare_names_what_differs_and_nothing_else(small, tmp_path, capsys):
    document = json.loads((small / "first" / "audit.json").read_text())
    findings = {found["key"]: found for section in document["sections"] for found in section["findings"]}
    gap = findings["gender.ndcg@10.gap"]
    document["settings"]["seed"], gap["value"] = 2, gap["low"]
    (tmp_path / "audit.json").write_text(json.dumps(document))
    assert main(["compare", str(small / "first"), str(tmp_path)]) == 0
    _, _, verdicts, settings, _, figures, moved, _, differing, seed = capsys.readouterr().out.splitlines()
    assert verdicts.strip() == f"All {len(findings)} figures that both audits hold have the same verdict."
    assert settings.strip() == "Both rest on the same data; settings that differ: 1."
    assert moved.startswith("  NDCG@10") and moved.endswith("same verdict, other figure")
    assert seed.strip() == "seed: 1 → 2"


def test_compare_prints_the_first_forty_differences_and_counts_the_rest(small, tmp_path, capsys):
    document = json.loads((small / "first" / "audit.json").read_text())
    valued = [found for section in document["sections"] for found in section["findings"] if found["low"] is not None]
    for found in valued:
        found["high"] += 1
    (tmp_path / "audit.json").write_text(json.dumps(document))
    assert main(["compare", str(small / "first"), str(tmp_path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert sum("same verdict, other figure" in line for line in printed) == 40 < len(valued)
    assert printed[-1].strip() == say("audit.more_rows", count=len(valued) - 40)


def test_init_guesses_what_is_not_given_and_takes_what_is(tmp_path):
    shop = simulate(Shop(users=60, items=36))
    for name in ("log", "users", "items"):
        getattr(shop, name).to_csv(tmp_path / f"{name}.csv", index=False)
    files = [
        "--log",
        str(tmp_path / "log.csv"),
        "--users",
        str(tmp_path / "users.csv"),
        "--items",
        str(tmp_path / "items.csv"),
    ]
    assert main(["init", *files, "--sensitive", "gender", "-o", str(tmp_path / "audit.toml")]) == 0
    roles = read_settings(tmp_path / "audit.toml").roles
    assert (roles.user, roles.item, roles.outcome, roles.treatment) == ("user_id", "item_id", "purchased", "promoted")
    assert roles.sensitive == ("gender",)


def test_a_folder_that_is_not_there_is_not_served_and_is_named(tmp_path, capsys):
    assert main(["serve", str(tmp_path / "result")]) == 2
    assert "There is no audit.json in" in (said := capsys.readouterr().err) and "result" in said


def test_init_says_for_which_roles_it_took_no_column(tmp_path, capsys):
    log = simulate(Shop(users=60, items=36)).log
    mixed = log["purchased"].astype(str).where(log.index > 5, "maybe")
    log.assign(purchased=mixed).to_csv(tmp_path / "log.csv", index=False)
    assert main(["init", "--log", str(tmp_path / "log.csv"), "-o", str(tmp_path / "audit.toml")]) == 0
    assert "No column was taken for: outcome, sensitive." in capsys.readouterr().out


def test_init_replaces_a_settings_file_only_where_that_is_asked_for(tmp_path, capsys):
    mine = tmp_path / "audit.toml"
    mine.write_text("k = 12\n")
    assert main(["init", "--log", "demo", "-o", str(mine)]) == 2
    assert "--force" in capsys.readouterr().err and mine.read_text() == "k = 12\n"
    assert main(["init", "--log", "demo", "-o", str(mine), "--force"]) == 0
    assert read_settings(mine).data.kind == "demo"


def test_init_refuses_a_column_that_is_not_there_and_names_the_nearest(tmp_path, capsys):
    simulate(Shop(users=60, items=36)).log.to_csv(tmp_path / "log.csv", index=False)
    assert main(["init", "--log", str(tmp_path / "log.csv"), "--user", "user_idd", "-o", str(tmp_path / "a.toml")]) == 2
    assert "user_id" in capsys.readouterr().err


@pytest.mark.parametrize("log", ["demo", "folder"])
def test_init_refuses_users_and_items_beside_a_log_that_brings_its_own(log, tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    named = log if log == "demo" else str(tmp_path / log)
    given = ["--users", str(tmp_path / "users.csv"), "--items", str(tmp_path / "items.csv")]
    assert main(["init", "--log", named, *given, "-o", str(tmp_path / "a.toml")]) == 2
    said = capsys.readouterr().err
    assert said.strip() == say("audit.brings_its_own", log=named, flags="--users, --items")
    assert not (tmp_path / "a.toml").exists()


@pytest.fixture(scope="module")
def coat(tmp_path_factory):
    return real("coat", tmp_path_factory)


@pytest.fixture(scope="module")
def movielens(tmp_path_factory):
    return real("ml-100k", tmp_path_factory)


def real(name, tmp_path_factory):
    if not (DATA / name).is_dir():
        pytest.skip(f"{name} is not beside this checkout")
    root = tmp_path_factory.mktemp(name)
    assert main(["init", "--log", str(DATA / name), "-o", str(root / "audit.toml")]) == 0
    assert main(["run", str(root / "audit.toml"), "-o", str(root / "out"), "--quiet"]) == 0
    document = json.loads((root / "out" / "audit.json").read_text())
    return root / "out", {found["key"]: found for section in document["sections"] for found in section["findings"]}


@pytest.mark.slow
def test_coat_ends_in_a_report_that_says_which_part_is_selection(coat):
    folder, findings = coat
    assert (folder / "report.pdf").exists()
    gap = findings["gender.exposure[coat_gender=women].gap"]
    assert abs(gap["value"]) == pytest.approx(0.75, abs=0.03)  # 12% of men's and 87% of women's self-selected rows
    assert gap["verdict"] == "gap"
    drawn = findings["gender.exposure[coat_gender=women].randomised.gap"]
    assert abs(drawn["value"]) < 0.05
    assert drawn["verdict"] != "gap"
    assert abs(findings["gender.exposure[coat_gender=women].selection"]["value"]) == pytest.approx(0.75, abs=0.05)
    assert findings["effect.selection"]["low"] > 0


@pytest.mark.slow
def test_movielens_ends_in_a_report_with_the_gap_between_men_and_women(movielens):
    folder, findings = movielens
    assert (folder / "report.pdf").exists()
    gap = findings["gender.ndcg@10.gap"]
    assert gap["low"] < 0.05 < gap["high"]  # .044 to .06 over the seeds of docs/benchmarks.md
    assert gap["verdict"] == "gap"
    assert findings["recommender.ndcg@10.ease"]["value"] >= 0.47


@pytest.mark.slow
def test_tables_are_readable_by_any_csv_reader(movielens):
    folder, findings = movielens
    rows = list(csv.DictReader((folder / "tables" / "findings.csv").open(encoding="utf-8-sig")))
    assert len(rows) == len(findings)


NO_ROOM = ImportError("libopenblas.so: failed to map segment from shared object")


@pytest.mark.parametrize("error", [MemoryError(), NO_ROOM, RuntimeError("can't start new thread")])
def test_too_little_memory_ends_a_command_with_a_sentence(tmp_path, monkeypatch, capsys, error):
    """A library that finds no room for its code raises an ImportError, and some raise one anew on top of it."""

    def starved(*_given):
        if not isinstance(error, ImportError):
            raise error
        try:
            raise error
        except ImportError as first:
            raise ImportError("Failed to import the duckdb backend") from first

    monkeypatch.setattr("audit.__main__.run", starved)
    assert main(["run", str(tmp_path / "audit.toml"), "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("This needs more memory")


def test_a_library_that_is_missing_is_not_told_as_too_little_memory(tmp_path, monkeypatch):
    def missing(*_given):
        raise ImportError("No module named 'torch'")

    monkeypatch.setattr("audit.__main__.run", missing)
    with pytest.raises(ImportError, match="torch"):
        main(["run", str(tmp_path / "audit.toml"), "-o", str(tmp_path)])


def test_a_shell_in_which_not_even_the_libraries_find_room_is_told_so():
    """The finder of modules stands for the loader, which would say it of the first large library."""
    starved = """
import sys
class Starved:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ImportError("lib.so: failed to map segment from shared object")
sys.meta_path.insert(0, Starved())
import audit.__main__
"""
    found = subprocess.run([sys.executable, "-c", starved], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr.count("\n")) == (2, 1)
    assert found.stderr.startswith("There is not even memory to begin")
