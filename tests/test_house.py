"""The house rules: imports run one way, heavy libraries stay in their rooms, texts exist in both languages."""

import ast
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

from words.phrase import catalogue

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "words": {"words"},
    "storage": {"storage", "words"},
    "analysis": {"analysis", "storage", "words"},
    "models": {"models", "storage", "words"},
    "audit": {"audit", "analysis", "models", "storage", "words"},
    "pages": {"pages", "audit", "analysis", "models", "storage", "words"},
}
HEAVY = {
    "torch": ("models/",),
    "transformers": ("models/",),
    "peft": ("models/",),
    "captum": ("models/",),
    "fastapi": ("models/serve",),
    "uvicorn": ("models/serve",),
    "prometheus_client": ("models/serve",),
    "accelerate": ("models/",),
    "opacus": ("models/private.py",),
    "numba": ("storage/compiled.py",),
    "optuna": ("models/tune.py",),
    "causallearn": ("analysis/causal/discovery/",),
    "dowhy": ("analysis/causal/",),
    "econml": ("analysis/causal/people/",),
    "fairlearn": ("analysis/fairness/", "analysis/mitigation/"),
    "plotly": ("analysis/charts",),
    "matplotlib": ("analysis/charts", "analysis/report/"),
    "typst": ("analysis/report/",),
    "jinja2": ("analysis/report/",),
    "streamlit": ("app.py", "pages/"),
}
FORBIDDEN = re.compile(
    r"unsafe_allow_html\s*=\s*True|\bpickle\b|\bjoblib\b|torch\.load\(|(?<![\w.])eval\(|(?<![\w.])exec\("
    r"|trust_remote_code\s*=\s*True|NotImplementedError|\bTODO\b|\bFIXME\b|allow_pickle\s*=\s*True"
)
VAGUE = {"utils.py", "util.py", "common.py", "helpers.py", "misc.py"}


def sources():
    rooms = [path for room in MAY_IMPORT for path in sorted((ROOT / room).rglob("*.py"))]
    return [ROOT / "app.py", *rooms]


def imports(path):
    """(module, at the top of the file?) of every import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    type_only = {
        id(inner)
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        top = node in tree.body
        if id(node) in type_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, top


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way_and_heavy_libraries_stay_in_their_room(path):
    name = path.relative_to(ROOT).as_posix()
    room = name.split("/")[0]
    for module, top in imports(path):
        first = module.split(".")[0]
        if first in MAY_IMPORT and room in MAY_IMPORT:
            assert first in MAY_IMPORT[room], f"{name} imports {module}"
        if first in HEAVY:
            assert name.startswith(HEAVY[first]), f"{name} imports {module}"
            if first not in ("streamlit", "torch"):
                assert not top, f"{name} imports {module} at its top: import it where it is used"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_forbidden_is_written(path):
    text = path.read_text(encoding="utf-8")
    assert FORBIDDEN.search(text) is None, f"{path.name}: {FORBIDDEN.search(text)}"
    assert path.name not in VAGUE
    handlers = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler)]
    broad = [
        node for node in handlers if node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException")
    ]
    assert not broad, f"{path.name}:{broad[0].lineno} catches everything"


@pytest.mark.parametrize(
    "room", ["audit.steps", "audit.mitigate", "audit.__main__", "analysis.causal.effects", "models.config"]
)
def test_importing_a_room_loads_no_heavy_library(room):
    heavy = ("torch", "transformers", "causallearn", "dowhy", "econml", "fairlearn", "plotly", "matplotlib")
    heavy += ("sklearn", "streamlit", "typst")
    code = f"import sys, {room}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def braces(text):
    return sorted(field.split(".")[0] for _, field, _, _ in string.Formatter().parse(text) if field is not None)


def test_both_languages_say_the_same_things_with_the_same_facts():
    english, chinese = catalogue("en"), catalogue("zh")
    assert set(english) == set(chinese), sorted(set(english) ^ set(chinese))[:10]
    differing = [key for key in english if set(braces(english[key])) != set(braces(chinese[key]))]
    assert not differing, differing[:10]


def test_every_literal_key_in_the_code_has_its_text():
    keys = set(catalogue("en"))
    called = re.compile(r"""\b(phrase|Refusal|say|t|raw)\(\s*"([a-z_]+\.[a-z0-9_.]+)\"""")
    missing = {
        f"{path.relative_to(ROOT)}: {key}"
        for path in sources()
        for function, key in called.findall(path.read_text(encoding="utf-8"))
        if (f"pages.{key}" if function in ("t", "raw") else key) not in keys
    }
    assert not missing, sorted(missing)[:20]
