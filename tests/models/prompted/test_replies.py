"""What replies name: lists in every form, titles that are meant and titles that are not."""

import pytest

from models.prompted.replies import entries, named
from models.prompted.titles import NONE, Titles

FILMS = [
    "Toy Story (1995)",
    "Toy Story 2 (1999)",
    "Usual Suspects, The (1995)",
    "Amélie (2001)",
    "Star Wars (1977)",
    "101 Dalmatians (1961)",
    "101 Dalmatians (1996)",
    "2001: A Space Odyssey (1968)",
    "Monty Python and the Holy Grail (1974)",
]


@pytest.fixture(scope="module")
def titles():
    return Titles(FILMS, [f"m{at}" for at in range(len(FILMS))])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Toy Story (1995)", "Toy Story (1995)"),
        ("toy story", "Toy Story (1995)"),
        ("Toy Story 2", "Toy Story 2 (1999)"),
        ("The Usual Suspects (1995)", "Usual Suspects, The (1995)"),
        ("THE USUAL SUSPECTS", "Usual Suspects, The (1995)"),
        ("Amelie", "Amélie (2001)"),
        ("Monty Python & the Holy Grail", "Monty Python and the Holy Grail (1974)"),
        ("Monty Pyton and the Holy Grail", "Monty Python and the Holy Grail (1974)"),
        ("101 Dalmatians (1996)", "101 Dalmatians (1996)"),
        ("2001 A Space Odyssey", "2001: A Space Odyssey (1968)"),
        ("m4", "Star Wars (1977)"),
        ("101 Dalmatians", None),  # two films have that title
        ("Toy Story 3", None),  # the numbers differ
        ("Toy Story (1994)", "Toy Story (1995)"),  # a wrong year, where a single film has the title
        ("Casablanca", None),
        ("Story", None),
        ("", None),
        ("???", None),
    ],
)
def test_a_written_title_means_an_item_by_the_stated_rule(titles, written, meant):
    assert titles.code(written) == (NONE if meant is None else FILMS.index(meant))


@pytest.mark.parametrize(
    "reply",
    [
        "1. Toy Story (1995)\n2. Star Wars (1977)\n3. Amélie (2001)",
        "Here are three films you may like:\n\n1) Toy Story\n2) **Star Wars**\n3) Amelie\n\nEnjoy!",
        "- Toy Story (1995): a film about toys\n- Star Wars (1977) - space\n- Amélie (2001) by Jean-Pierre Jeunet",
        "* Toy Story\n* *Star Wars*\n* “Amélie”",
        "Toy Story\nStar Wars\nAmélie",
        "Toy Story; Star Wars; Amelie",
        '["Toy Story (1995)", "Star Wars", "Amélie"]',
        '```json\n{"recommendations": [{"title": "Toy Story"}, {"title": "Star Wars"}, {"title": "Amelie"}]}\n```',
        'Sure! ["Toy Story", "Star Wars", "Amélie"] I hope this helps.',
        "<think>Maybe 1. Casablanca?\n2. Toy Story 2</think>\n1. Toy Story\n2. Star Wars\n3. Amélie",
        "１．Toy Story\n２．Star Wars\n３．Amélie".replace("１．", "1、").replace("２．", "2、").replace("３．", "3、"),
    ],
)
def test_lists_in_every_usual_form_are_read(titles, reply):
    assert [FILMS[code] for code in named(reply, titles).codes] == [
        "Toy Story (1995)",
        "Star Wars (1977)",
        "Amélie (2001)",
    ]


def test_what_is_no_item_and_what_is_named_twice_is_counted(titles):
    found = named("1. Toy Story\n2. Casablanca\n3. toy story\n4. Star Wars", titles)
    assert (found.codes, found.entries, found.strange, found.twice) == ((0, 4), 4, 1, 1)


@pytest.mark.parametrize(
    "reply", ["", "   ", "I cannot help with that.", "[]", "{", "[[[[", "```", "<think>never ends"]
)
def test_replies_that_name_nothing_give_nothing(titles, reply):
    assert named(reply, titles).codes == ()


def test_a_reply_of_great_length_is_read_in_time_and_cut():
    assert len(entries("- x\n" * 1_000_000)) == 1000


def test_an_empty_catalogue_knows_nothing():
    assert Titles([]).code("Toy Story") == NONE


def test_a_number_alone_is_a_place_not_an_id():
    assert Titles(["Alpha", "Beta"], ["1", "2"]).code("2") == NONE
    assert Titles(["1984", "Beta"], ["1", "2"]).code("1984") == 0
