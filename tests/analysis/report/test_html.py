import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from analysis.document import Chart, Column, Document, Section, Series, Table
from analysis.finding import Verdict
from analysis.report.html import html
from tests.analysis.report.hostile import XSS
from tests.analysis.report.sample import document, finding, said

VOID = {"meta", "img", "source", "br", "link", "input"}


class Outline(HTMLParser):
    """Tags in order, with their attributes; tags that are not closed in order are an error."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.said = [], [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)


def hostile_document(payload: str) -> Document:
    chart = Chart(
        key=payload,
        kind="interval",
        title=said(payload),
        x_title=said(payload),
        y_title=said(payload),
        n=20,
        series=(Series(name=payload, x=(1.0,), y=(payload,), low=(0.5,), high=(1.5,), text=(payload,)),),
        alt=said(payload),
    )
    table = Table(key=payload, title=said(payload), columns=(Column(key="a", title=said(payload)),), rows=((payload,),))
    found = finding(payload, Verdict.GAP, 0.1, 0.05, 0.15, label=payload, reason=said(payload), method=said(payload))
    graph = {"nodes": ["a", payload.replace("\x00", "").replace("\x07", "") or "b"], "edges": []}
    return Document(
        title=payload,
        evenhand=payload,
        versions={payload: payload},
        seed=1,
        digest=payload,
        settings={payload: {payload: [payload]}},
        sections=(
            Section(
                step="data",
                summary=(said(payload),),
                findings=(found,),
                charts=(chart,),
                tables=(table,),
                notes=(said(payload),),
                facts={"cleaning": [{payload: payload}], "graph": graph},
            ),
        ),
    )


@pytest.fixture(scope="module")
def page():
    return html(document(), "en").decode()


def test_equal_documents_give_equal_pages(page):
    assert html(document(), "en").decode() == page


def test_the_page_asks_for_nothing_outside_itself(page):
    assert not re.search(r"https?://|//[a-z]+\.[a-z]", page)
    for tag, attributes in Outline(page).tags:
        assert tag not in ("script", "iframe", "link", "object", "embed", "base", "form")
        for name in ("src", "srcset"):
            assert attributes.get(name, "data:image/svg+xml;base64,").startswith("data:image/svg+xml;base64,")
        assert attributes.get("href", "#").startswith("#")
        assert "style" not in attributes


def test_the_policy_allows_its_own_style_and_nothing_else(page):
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    metas = [attributes for tag, attributes in Outline(page).tags if tag == "meta"]
    policy = next(meta["content"] for meta in metas if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_the_page_is_built_for_those_who_cannot_see_it(page):
    outline = Outline(page)
    tags = [tag for tag, _ in outline.tags]
    assert {"header", "nav", "main", "footer"} <= set(tags)
    assert tags.count("h1") == tags.count("main") == 1
    assert dict(outline.tags)["html"]["lang"] == "en"
    assert next(attributes for tag, attributes in outline.tags if tag == "a")["href"] == "#summary"
    assert all(attributes.get("alt") for tag, attributes in outline.tags if tag == "img")
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in outline.tags if tag == "th")
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(later <= earlier + 1 for earlier, later in zip(levels, levels[1:], strict=False))
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {attributes["href"][1:] for tag, attributes in outline.tags if tag == "a"}
    assert targets <= set(ids)


def test_the_answer_stands_before_the_method(page):
    order = [page.index(f'id="{name}"') for name in ("summary", "verdicts", "part-1", "limits", "appendix")]
    assert order == sorted(order)
    assert "Women get worse lists than men." in page
    assert "The interval" not in page[: order[0]]


def test_every_verdict_is_a_word_with_a_sign_and_not_a_colour_alone(page):
    for word, sign in (
        ("gap", "▲"),
        ("effect", "●"),
        ("equivalent", "＝"),
        ("cannot tell", "?"),
        ("not computed", "×"),
    ):
        assert f'<span aria-hidden="true">{sign}</span>{word}</span>' in page


def test_a_suppressed_figure_appears_nowhere(page):
    assert "0.988" not in page
    assert "98.8" not in page
    assert "It rests on fewer than 10 people" in page


def test_the_whole_page_is_chinese_when_chinese_is_asked():
    page = html(document("zh"), "zh").decode()
    assert '<html lang="zh-Hans">' in page
    for words in ("摘要", "判定一览", "方法与局限", "附录", "无法判断", "未计算", "清洗记录", "跳到摘要"):
        assert words in page
    assert "Summary" not in page
    assert "Appendix" not in page


@pytest.mark.parametrize("payload", XSS)
def test_no_text_of_the_audit_becomes_a_tag_or_an_attribute(payload):
    shape = [
        (tag, sorted(attributes)) for tag, attributes in Outline(html(hostile_document("x y"), "en").decode()).tags
    ]
    outline = Outline(html(hostile_document(payload), "en").decode())
    assert [(tag, sorted(attributes)) for tag, attributes in outline.tags] == shape


def test_the_payloads_are_forty():
    assert len(set(XSS)) == 40
