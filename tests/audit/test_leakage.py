"""The further step `leakage`, through the steps of an audit on the demo shop."""

import pytest

from analysis.ingest import Source
from analysis.simulate import Shop
from audit.recommending import Recommending
from audit.settings import AuditSettings, with_all_before
from audit.steps import run_steps
from audit.workspace import Workspace
from models.config import EaseSettings, FactorSettings
from words import say


@pytest.mark.parametrize("model", [EaseSettings(), FactorSettings(epochs=1)], ids=["ease", "mf"])
def test_lists_and_vectors_of_the_shop_are_read(tmp_path, model):
    settings = AuditSettings(
        data=Source(kind="demo", shop=Shop(users=400, items=96)), recommender=Recommending(model=model)
    )
    folder = Workspace(tmp_path).create(settings)
    run_steps(folder, with_all_before("leakage"), lambda *news: None)
    section = folder.section("leakage")
    assert section is not None
    found = {finding.key: finding for finding in section.findings}
    taste = found["gender.leakage.profile"]
    assert taste.low > 0.6  # in the shop what people like follows their gender
    if model.kind == "ease":
        assert found["gender.leakage.list"].low > 0.5
    assert ("gender.leakage.vectors" in found) == (model.kind == "mf")
    assert "men from women" in say(section.summary[0])
    assert with_all_before("leakage") == ("data", "recommender", "leakage")


def test_a_whole_run_and_the_report_take_it_in_when_named():
    assert "leakage" not in AuditSettings().steps
    assert "leakage" in AuditSettings(further=("leakage",)).steps
