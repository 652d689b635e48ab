"""The whole-log answer as findings and on the command line."""

from pathlib import Path

import pytest

from analysis.causal.log_rows import LogQuestion
from analysis.causal.settings import EffectSettings
from analysis.causal.whole_log import whole_log_section
from analysis.document import Section
from analysis.finding import Verdict
from audit.__main__ import main
from tests.analysis.causal.test_compressed import ASKED, by_rows, shop
from words import say


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    shop().to_parquet(path)
    return path


def answered(log: Path, asked: LogQuestion = ASKED, k: int = 10) -> Section:
    return whole_log_section(log, asked, EffectSettings(replicates=200), "duckdb", k, 1)


def test_the_section_gives_the_raw_and_the_adjusted_difference_of_every_row(log: Path) -> None:
    section = answered(log)
    found = {one.key: one for one in section.findings}
    rows = by_rows(shop())
    naive = rows.outcome[rows.treated == 1].mean() - rows.outcome[rows.treated == 0].mean()
    assert found["effect.naive"].value == pytest.approx(naive, abs=1e-12)
    ate, selection = found["effect.ate"], found["effect.selection"]
    assert ate.verdict is Verdict.EFFECT and ate.value is not None and selection.value is not None
    assert ate.value + selection.value == pytest.approx(naive, abs=1e-12)
    assert ate.n == rows.users and section.facts["rows"] == rows.rows
    for language in ("en", "zh"):
        assert all(say(note, language) for note in section.notes)


def test_strata_without_counterparts_withhold_the_answer_with_the_reason(tmp_path: Path) -> None:
    lopsided = shop()
    lopsided.loc[lopsided["gender"] == "women", "shown"] = 1.0
    lopsided.to_parquet(tmp_path / "log.parquet")
    found = {one.key: one for one in answered(tmp_path / "log.parquet").findings}
    assert found["effect.ate"].verdict is Verdict.NOT_COMPUTED and found["effect.ate"].reason is not None
    assert found["effect.ate"].reason.key == "effects.no_overlap"
    assert found["effect.naive"].value is not None


def test_under_k_people_nothing_is_shown(log: Path) -> None:
    assert all(one.value is None for one in answered(log, k=500).findings)


def test_the_command_prints_and_writes_the_answer(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--user", "user", "--treatment", "shown", "--outcome", "bought", "--replicates", "100"]
    out = tmp_path / "effect.json"
    assert main(["effect", "--log", str(log), *flags, "--adjust", "gender, age", "-o", str(out)]) == 0
    assert "Effect of shown on bought" in capsys.readouterr().out
    written = Section.model_validate_json(out.read_text())
    assert {one.key for one in written.findings} == {
        "effect.naive",
        "effect.ate",
        "effect.selection",
        "effect.lacking",
    }


def test_a_log_that_is_damaged_in_the_middle_is_refused_in_one_sentence(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(log.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    (tmp_path / "part.parquet").write_bytes(content)
    flags = ["--user", "user", "--treatment", "shown", "--outcome", "bought", "--adjust", "gender,age"]
    for place in (tmp_path / "part.parquet", tmp_path):
        assert main(["effect", "--log", str(place), *flags]) == 2
        said = capsys.readouterr().err
        assert "damaged or cut off" in said and len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(("name", "said"), [("nowhere", "shown"), ("log.parquet", "never recorded")])
def test_a_file_or_a_column_that_is_not_there_is_refused_in_one_sentence(
    log: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--user", "user", "--treatment", said, "--outcome", "bought"]
    assert main(["effect", "--log", str(log.with_name(name)), *flags]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
