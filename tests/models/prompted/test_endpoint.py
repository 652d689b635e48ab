"""Asking a server: only the operator's, with its key alone, patiently, within budget, and nothing twice."""

from __future__ import annotations

import json

import pytest

from models.prompted.ask import ask
from models.prompted.endpoint import Endpoint, Pace
from models.prompted.servers import SERVERS_VARIABLE, allowed, server
from models.prompted.settings import ChatModel
from tests.models.prompted.stand_in import completion, stand_in
from words import Refusal

CANARY = "sk-canary-7f3a91"


@pytest.fixture
def here(monkeypatch):
    with stand_in() as running:
        monkeypatch.setenv(SERVERS_VARIABLE, running.origin)
        yield running


def model(where, **settings):
    return ChatModel(address=where.address, name="tiny", per_minute=100_000, **settings)


def refused(key, call):
    with pytest.raises(Refusal) as refusal:
        call()
    assert refusal.value.phrase.key == f"prompted.{key}"
    return str(refusal.value)


def replying(endpoint, prompts):
    return dict(endpoint.answered(prompts))


def test_a_prompt_is_sent_as_it_is_and_its_reply_read(here):
    found = replying(Endpoint(model(here, reply_tokens=50)), ["What next?"])[0]
    (path, headers, body), *more = here.requests
    assert (path, more) == ("/v1/chat/completions", [])
    assert body == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "What next?"}],
        "temperature": 0.0,
        "max_tokens": 50,
        "stream": False,
    }
    assert "authorization" not in headers
    assert (found.text, found.prompt_tokens, found.reply_tokens, found.cut) == ("1. Alpha\n2. Beta", 7, 5, False)


@pytest.mark.parametrize("named", ["", "https://api.example.com", "http://127.0.0.1:1", "https://127.0.0.1:{port}"])
def test_no_server_but_the_operators_is_asked(here, monkeypatch, named):
    monkeypatch.setenv(SERVERS_VARIABLE, named.format(port=here.port))
    refused("server.other" if named else "server.none", lambda: Endpoint(model(here)))
    assert here.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/v1",
        "http://user:word@127.0.0.1:{port}/v1",
        "http://127.0.0.1:{port}/v1?to=elsewhere",
        "http://127.0.0.1:{port}/v1#part",
        "http://",
        "//127.0.0.1:{port}",
        "127.0.0.1:{port}",
        "",
        "http://[::1",
    ],
)
def test_what_is_no_plain_address_is_refused(here, address):
    refused("server.address", lambda: server(address.format(port=here.port)))


@pytest.mark.parametrize("twin", ["http://127.0.0.1.example.com:{port}/v1", "http://127.0.0.1:{port}@example.com/v1"])
def test_a_host_that_begins_like_an_allowed_one_is_another(here, twin):
    with pytest.raises(Refusal):
        server(twin.format(port=here.port))


def test_a_key_goes_to_its_own_server_only_and_appears_nowhere_else(here, monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("KEY_OF_ONE", CANARY)
    with stand_in() as other:
        monkeypatch.setenv(SERVERS_VARIABLE, f"{here.origin}=KEY_OF_ONE, {other.origin}")
        for one in (here, other):
            ask(["a"], model(one), 1, tmp_path / "kept")
        assert here.requests[0][1]["authorization"] == f"Bearer {CANARY}"
        assert "authorization" not in other.requests[0][1]
    assert CANARY not in repr(server(here.address))
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and CANARY in path.read_text()]
    assert CANARY not in "".join(capfd.readouterr())
    assert allowed() == (here.origin, other.origin)


def test_a_key_that_is_not_set_is_said_by_its_name(here, monkeypatch):
    monkeypatch.setenv(SERVERS_VARIABLE, f"{here.origin}=KEY_OF_NOBODY")
    assert "KEY_OF_NOBODY" in refused("server.key", lambda: Endpoint(model(here)))


def test_a_redirect_is_not_followed(monkeypatch):
    with stand_in() as elsewhere:
        with stand_in(lambda number, body: (307, {"location": f"{elsewhere.address}/x"}, b"")) as first:
            monkeypatch.setenv(SERVERS_VARIABLE, first.origin)
            refused("server.redirect", lambda: replying(Endpoint(model(first)), ["a"]))
        assert elsewhere.requests == []


def test_proxies_of_the_environment_are_not_used(here, monkeypatch):
    with stand_in() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        replying(Endpoint(model(here)), ["a"])
        assert proxy.requests == []


def test_a_busy_server_is_asked_again_with_growing_patience(monkeypatch):
    busy = [(429, {"retry-after": "7"}, {}), (503, {}, {}), (500, {}, {})]
    with stand_in(lambda number, body: busy[number] if number < 3 else "1. Alpha") as here:
        monkeypatch.setenv(SERVERS_VARIABLE, here.origin)
        slept = []
        endpoint = Endpoint(model(here, at_once=1), clock=lambda: 0.0, sleep=slept.append)
        assert replying(endpoint, ["a"])[0].text == "1. Alpha"
    assert [wait for wait in slept if wait >= 1] == [7.0, 2.0, 4.0]  # as asked, then doubled each time
    assert len(here.requests) == 4


def test_a_server_that_stays_silent_ends_the_job_with_what_was_kept(tmp_path, monkeypatch):
    with stand_in(lambda number, body: "1. Alpha" if number < 2 else (503, {}, {})) as here:
        monkeypatch.setenv(SERVERS_VARIABLE, here.origin)
        monkeypatch.setattr("models.prompted.endpoint.FIRST_WAIT", 0.0)
        asked = model(here, at_once=1, retries=1)
        assert "503" in refused("server.silent", lambda: ask(["a", "b", "c"], asked, 1, tmp_path))
        assert len(list(tmp_path.rglob("*.json"))) == 2


def test_a_port_where_nobody_listens_is_silence(monkeypatch):
    with stand_in() as gone:
        pass
    monkeypatch.setenv(SERVERS_VARIABLE, gone.origin)
    refused("server.silent", lambda: replying(Endpoint(model(gone, retries=0)), ["a"]))


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ((401, {}, {"error": {"code": "invalid_api_key", "message": CANARY}}), "server.locked"),
        ((404, {}, {"error": {"code": "model_not_found"}}), "server.missing"),
        ((400, {}, {"error": {"message": CANARY}}), "server.refused"),
        ((200, {}, b"<html>hello</html>"), "server.strange"),
        ((200, {}, {"choices": []}), "server.strange"),
        ((200, {}, {"choices": [{"message": "no"}]}), "server.strange"),
        ((200, {}, b"x" * (4 * 2**20 + 1)), "server.endless"),
    ],
)
def test_other_answers_end_with_one_sentence_that_repeats_nothing_of_the_servers(monkeypatch, answer, key):
    with stand_in(lambda number, body: answer) as here:
        monkeypatch.setenv(SERVERS_VARIABLE, here.origin)
        said = refused(key, lambda: replying(Endpoint(model(here)), ["a"]))
    assert CANARY not in said
    assert len(here.requests) == 1


def test_a_prompt_that_the_server_holds_back_is_a_reply_that_names_nothing(monkeypatch):
    held = (400, {}, {"error": {"code": "content_filter", "message": "..."}})
    with stand_in(lambda number, body: held) as here:
        monkeypatch.setenv(SERVERS_VARIABLE, here.origin)
        assert replying(Endpoint(model(here)), ["a"])[0].text == ""


def test_nothing_is_asked_twice_and_order_is_kept(here, tmp_path):
    prompts = [f"question {number % 5}" for number in range(9)]
    first = ask(prompts, model(here), 1, tmp_path)
    assert len(here.requests) == 5
    assert ask([*prompts, "question 5"], model(here), 1, tmp_path)[:9] == first
    assert len(here.requests) == 6
    ask(prompts, model(here, temperature=0.5), 1, tmp_path)
    assert len(here.requests) == 11  # other settings are another question


def test_a_stopped_job_goes_on_where_it_was_and_ends_the_same(tmp_path, monkeypatch):
    def answer(number, body):
        return f"1. about {body['messages'][0]['content']}"

    prompts = [f"question {number}" for number in range(12)]
    with stand_in(answer) as here:
        monkeypatch.setenv(SERVERS_VARIABLE, here.origin)
        whole = ask(prompts, model(here, at_once=1), 1, tmp_path / "whole")
        ask(prompts[:5], model(here, at_once=1), 1, tmp_path / "stopped")
        before = len(here.requests)
        assert ask(prompts, model(here, at_once=1), 1, tmp_path / "stopped") == whole
        assert len(here.requests) - before == 7
    monkeypatch.delenv(SERVERS_VARIABLE)
    assert ask(prompts, model(here), 1, tmp_path / "stopped") == whole  # nothing is missing: nobody is asked


def test_a_kept_reply_that_is_damaged_is_asked_for_again(here, tmp_path):
    ask(["a"], model(here), 1, tmp_path)
    (kept,) = tmp_path.rglob("*.json")
    for damage in (b"", b"[]", b'{"text": 3}', kept.read_bytes()[:20]):
        kept.write_bytes(damage)
        assert ask(["a"], model(here), 1, tmp_path)[0].text == "1. Alpha\n2. Beta"
    assert len(here.requests) == 5


def test_prompts_are_not_kept(here, tmp_path):
    ask(["a private history"], model(here), 1, tmp_path)
    assert not [path for path in tmp_path.rglob("*.json") if "private" in path.read_text()]


def test_a_question_above_the_budget_is_not_begun(here, tmp_path):
    refused("budget.plan", lambda: ask(["a", "b", "c"], model(here, requests=2), 1, tmp_path))
    assert here.requests == []


def test_repeats_count_against_the_budget_of_requests(monkeypatch, tmp_path):
    with stand_in(lambda number, body: (503, {}, {})) as here:
        monkeypatch.setenv(SERVERS_VARIABLE, here.origin)
        monkeypatch.setattr("models.prompted.endpoint.FIRST_WAIT", 0.0)
        refused("budget.requests", lambda: ask(["a", "b"], model(here, requests=3, retries=9), 1, tmp_path))
    assert len(here.requests) == 3


def test_the_budget_of_tokens_counts_kept_replies(here, tmp_path):
    prompts = [f"{number}" for number in range(40)]
    asked = model(here, at_once=1, tokens=200)  # 12 tokens a reply
    refused("budget.tokens", lambda: ask(prompts, asked, 1, tmp_path))
    sent = len(here.requests)
    assert 17 <= sent <= 17 + 4
    refused("budget.tokens", lambda: ask(prompts, asked, 1, tmp_path))
    assert len(here.requests) == sent


def test_requests_are_paced():
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(60, lambda: now[0], sleep)
    for _ in range(4):
        pace.wait()
    assert slept == [1.0, 1.0, 1.0]


def test_tokens_are_estimated_where_the_server_counts_none(monkeypatch):
    answer = completion("1. Alpha") | {"usage": None}
    with stand_in(lambda number, body: (200, {}, json.loads(json.dumps(answer)))) as here:
        monkeypatch.setenv(SERVERS_VARIABLE, here.origin)
        found = replying(Endpoint(model(here)), ["12345678"])[0]
    assert (found.prompt_tokens, found.reply_tokens) == (2, 2)
