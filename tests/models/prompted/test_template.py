"""Templates: named gaps and nothing else."""

import pytest
from pydantic import ValidationError

from models.prompted.settings import Prompted
from models.prompted.template import enumerated, fill, must_be_fillable


def test_gaps_are_filled_in_one_pass():
    assert fill("{a} and {b}", {"a": "{b}", "b": "x"}) == "{b} and x"


@pytest.mark.parametrize("text", ["{a.__class__}", "{a[0]}", "{a!r}", "{a:>9}", "{}", "{0}", "{{a", '{"items": []}'])
def test_what_is_no_plain_name_is_text(text):
    assert fill(text, {}) == text


def test_an_unknown_gap_and_a_missing_one_are_refused():
    for template in ("{history} {secret}", "no gap at all"):
        with pytest.raises(ValidationError):
            Prompted(template=template)
    assert must_be_fillable("{k}", ("k",)) == "{k}"


def test_titles_stay_on_their_lines():
    assert enumerated(["a\nb", " c "]) == "- a b\n- c"
