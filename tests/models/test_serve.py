"""The web service gives what the model ranks, to whom it knows, and counts what it did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from models.base import top_k
from models.catalogue import Catalogue
from models.config import EaseSettings
from models.serve import HERE, MOST, service
from models.store import load, read, write
from models.train import fit
from tests.models.blocks import checkerboard
from words import Refusal, say


@pytest.fixture(scope="module")
def data():
    return checkerboard()


@pytest.fixture(scope="module")
def model(data):
    return fit(data, EaseSettings(l2=1.0), seed=1)


@pytest.fixture()
def catalogue(data):
    return Catalogue(data.user_ids, data.item_ids, data.seen)


def test_every_user_gets_the_list_that_the_model_ranks(data, model, catalogue, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    catalogue.save(tmp_path / "catalogue")
    client = TestClient(service(load(tmp_path / "model"), Catalogue.load(tmp_path / "catalogue")))
    codes, scores = top_k(model, data, 5)
    for code, user in enumerate(data.user_ids):
        answer = client.get(f"/recommend/{user}", params={"k": 5}).json()
        kept = codes[code] >= 0
        assert [one["item"] for one in answer["items"]] == [data.item_ids[item] for item in codes[code][kept]]
        assert [one["score"] for one in answer["items"]] == pytest.approx(scores[code][kept].tolist())
        assert [one["rank"] for one in answer["items"]] == list(range(1, int(kept.sum()) + 1))


@pytest.mark.parametrize("k", ["0", str(MOST + 1), "many"])
def test_a_length_that_is_none_is_one_sentence(model, catalogue, k: str) -> None:
    answer = TestClient(service(model, catalogue)).get(f"/recommend/{catalogue.user_ids[0]}", params={"k": k})
    assert (answer.status_code, answer.json()) == (422, {"error": say("serve.k", most=MOST)})


def test_a_stranger_gets_no_made_up_list(model, catalogue) -> None:
    answer = TestClient(service(model, catalogue)).get("/recommend/nobody")
    assert (answer.status_code, answer.json()) == (404, {"error": say("serve.unknown_user")})


def test_with_a_token_only_health_answers_without_it(model, catalogue) -> None:
    client = TestClient(service(model, catalogue, "s3cret"))
    path = f"/recommend/{catalogue.user_ids[0]}"
    assert client.get("/health").json()["items"] == len(catalogue.item_ids)
    assert client.get(path).status_code == client.get("/metrics").status_code == 401
    assert client.get(path, headers={"Authorization": "Bearer other"}).status_code == 401
    assert client.get(path, headers={"Authorization": "Bearer s3cret"}).status_code == 200


def test_requests_are_counted_by_route_and_status_and_no_id_is_in_the_metrics(model, catalogue) -> None:
    client = TestClient(service(model, catalogue))
    for user in (*catalogue.user_ids[:3], "nobody"):
        client.get(f"/recommend/{user}")
    told = client.get("/metrics").text
    assert 'evenhand_requests_total{route="/recommend",status="200"} 3.0' in told
    assert 'evenhand_requests_total{route="/recommend",status="404"} 1.0' in told
    assert 'evenhand_seconds_count{route="/recommend"} 4.0' in told
    assert "nobody" not in told and catalogue.user_ids[0] not in told


def test_nothing_invites_to_more_than_the_three_routes(model, catalogue) -> None:
    client = TestClient(service(model, catalogue))
    for path in ("/docs", "/openapi.json", "/"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (404, {"error": say("serve.elsewhere")})


def test_an_id_with_a_slash_is_asked_for(data) -> None:
    slashed = replace(data, user_ids=("a/b", *data.user_ids[1:]))
    known = Catalogue(slashed.user_ids, slashed.item_ids, slashed.seen)
    client = TestClient(service(fit(slashed, EaseSettings(l2=1.0), seed=1), known))
    assert client.get("/recommend/a%2Fb", params={"k": 3}).json()["user"] == "a/b"
    assert client.get("/recommend/a/c").json() == {"error": say("serve.unknown_user")}


def test_a_catalogue_of_other_data_is_refused(model, catalogue) -> None:
    with pytest.raises(Refusal):
        service(model, replace(catalogue, user_ids=tuple(reversed(catalogue.user_ids))))


@pytest.mark.parametrize("ids", [("a",), ("a\nb", "", "日本", "a")])
def test_ids_of_any_letters_come_back(ids: tuple[str, ...], catalogue, tmp_path: Path) -> None:
    kept = replace(catalogue, item_ids=ids, seen=catalogue.seen[:, : len(ids)])
    kept.save(tmp_path)
    assert Catalogue.load(tmp_path).item_ids == ids


def test_a_folder_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {}, {}, "catalogue")
    with pytest.raises(Refusal):
        Catalogue.load(tmp_path)


def test_a_page_that_names_itself_this_machine_is_refused(model, catalogue) -> None:
    app = service(model, catalogue, hosts=HERE)
    for host, status in (
        ("localhost:8600", 200),
        ("127.0.0.1:8600", 200),
        ("[::1]:8600", 200),
        ("elsewhere.example", 421),
    ):
        answer = TestClient(app).get("/health", headers={"Host": host})
        assert answer.status_code == status, host
    assert answer.json() == {"error": say("serve.host", hosts=", ".join(HERE))}


def test_a_catalogue_whose_ids_end_nowhere_is_refused(catalogue, tmp_path: Path) -> None:
    catalogue.save(tmp_path)
    arrays, facts = read(tmp_path, "catalogue")
    for ends in (arrays["user_ids.ends"].astype(float), arrays["user_ids.ends"][:, None]):
        write(tmp_path, arrays | {"user_ids.ends": ends}, facts, "catalogue")
        with pytest.raises(Refusal, match="does not hold a model"):
            Catalogue.load(tmp_path)
