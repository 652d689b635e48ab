import os
import shutil
import subprocess
import sys
import unicodedata

import pytest

from analysis.report.pdf import pdf
from tests.analysis.report.hostile import XSS
from tests.analysis.report.sample import document, said
from tests.analysis.report.test_html import hostile_document


def words_of(content: bytes, tmp_path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    path = tmp_path / "report.pdf"
    path.write_bytes(content)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


@pytest.fixture(scope="module")
def printed():
    return pdf(document(), "en")


def test_equal_documents_give_equal_bytes_in_another_process(printed):
    program = (
        "import sys; from analysis.report.pdf import pdf; from tests.analysis.report.sample import document;"
        "sys.stdout.buffer.write(pdf(document(), 'en'))"
    )
    again = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": "5"}, capture_output=True, check=True
    )
    assert again.stdout == printed


def test_the_file_is_tagged_and_says_its_language_and_standard(printed):
    assert printed.startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in printed
    assert b"/Marked true" in printed
    assert b"pdfuaid:part" in printed
    assert b"/Lang(en)" in printed


def test_its_words_can_be_read_by_a_program(printed, tmp_path):
    words = words_of(printed, tmp_path)
    for sentence in (
        "MovieLens <100K>: who gets less?",
        "Women get worse lists than men.",
        "女性得到的推荐列表较差。",
        "NDCG@10, women minus men",
        "-0.061 to -0.027",
        "cannot tell",
        "There is one group only.",
        "Method and limits",
        "[party popper]",
    ):
        assert sentence in words, sentence
    assert "0.988" not in words


def test_the_whole_report_is_chinese_when_chinese_is_asked(tmp_path):
    words = words_of(pdf(document("zh"), "zh"), tmp_path)
    for sentence in ("摘要", "判定一览", "存在差距", "方法与局限", "附录", "清洗记录"):
        assert sentence in words
    assert "Appendix" not in words


def test_hostile_text_is_printed_and_never_run(tmp_path):
    long_name = "W" * 60
    payloads = (*XSS, "#panic()", '"); #import "x.typ"', "$ sum $", "*bold* _it_ @ref <label> // c", long_name, "")
    sections = tuple(hostile_document(text).sections[0] for text in payloads)
    words = words_of(pdf(document().model_copy(update={"sections": sections}), "en"), tmp_path)
    assert "#panic()" in words
    assert "*bold* _it_ @ref <label> // c" in words


def test_every_script_is_set_without_a_missing_glyph():
    assigned = (chr(point) for point in (*range(1, 0x10000, 23), *range(0x10000, 0x20000, 211), 0xE0041))
    text = " ".join(c + "a" for c in assigned if unicodedata.category(c) not in ("Cs", "Cn"))
    section = (
        document()
        .sections[0]
        .model_copy(
            update={"summary": (said(text),), "charts": (), "tables": (), "notes": (said("👩‍🎓 مرحبا שלום हिन्दी ไทย"),)}
        )
    )
    assert pdf(document().model_copy(update={"sections": (section,), "title": text[:200]}), "en")


def test_a_report_of_one_empty_section_is_a_report():
    bare = document().model_copy(update={"sections": (document().sections[0].__class__(step="data", summary=()),)})
    assert pdf(bare.model_copy(update={"title": "", "settings": {}, "versions": {}}), "zh")
