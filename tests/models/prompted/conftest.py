"""One tiny causal model for all tests of this folder."""

from pathlib import Path

import pytest

from tests.models.prompted.tiny import tiny_model


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny causal model, trained on the spot."""
    return tiny_model(tmp_path_factory.mktemp("tiny") / "model")
