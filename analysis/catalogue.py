"""The simulated shop's shelves: what is sold, in words a language model can read."""

from __future__ import annotations

from typing import NamedTuple


class Shelf(NamedTuple):
    """One category of the shop: its name and the words its titles and descriptions are made of."""

    category: str
    nouns: tuple[str, str, str, str]
    qualities: tuple[str, str, str, str, str]
    purpose: str


SHELVES: tuple[Shelf, ...] = (
    Shelf(
        "cycling",
        ("bicycle helmet", "pannier bag", "bike light", "saddle"),
        ("lightweight", "rainproof", "reflective", "folding", "carbon"),
        "daily rides and long weekends on the road",
    ),
    Shelf(
        "gadgets",
        ("wireless earbuds", "smart watch", "power bank", "mini projector"),
        ("compact", "fast-charging", "noise-cancelling", "waterproof", "slim"),
        "people who like their electronics small and quick",
    ),
    Shelf(
        "camping",
        ("tent", "sleeping bag", "camp stove", "headlamp"),
        ("four-season", "ultralight", "insulated", "windproof", "rugged"),
        "nights outdoors in any weather",
    ),
    Shelf(
        "tools",
        ("cordless drill", "socket set", "workbench", "spirit level"),
        ("heavy-duty", "precision", "magnetic", "foldable", "brushless"),
        "repairs at home and in the workshop",
    ),
    Shelf(
        "books",
        ("mystery novel", "travel memoir", "history book", "short story collection"),
        ("award-winning", "illustrated", "pocket", "bestselling", "translated"),
        "quiet evenings with a good story",
    ),
    Shelf(
        "coffee",
        ("espresso beans", "pour-over kit", "coffee grinder", "travel mug"),
        ("single-origin", "dark-roast", "stainless", "hand-made", "barista"),
        "a careful cup in the morning",
    ),
    Shelf(
        "games",
        ("board game", "puzzle", "card game", "chess set"),
        ("cooperative", "strategy", "family", "wooden", "expert"),
        "an evening around the table with friends",
    ),
    Shelf(
        "music",
        ("ukulele", "vinyl record", "guitar strings", "digital piano"),
        ("vintage", "mahogany", "remastered", "beginner", "studio"),
        "players and listeners alike",
    ),
    Shelf(
        "garden",
        ("tomato seeds", "pruning shears", "planter box", "watering can"),
        ("organic", "galvanised", "terracotta", "heirloom", "self-watering"),
        "balconies, beds and greenhouses",
    ),
    Shelf(
        "yoga",
        ("yoga mat", "meditation cushion", "foam roller", "resistance band"),
        ("cork", "non-slip", "buckwheat", "extra-thick", "natural rubber"),
        "stretching, breathing and rest",
    ),
    Shelf(
        "crafts",
        ("knitting yarn", "watercolour set", "embroidery kit", "pottery clay"),
        ("merino", "pastel", "hand-dyed", "botanical", "starter"),
        "things made slowly and by hand",
    ),
    Shelf(
        "tea",
        ("oolong tea", "teapot", "herbal infusion", "matcha set"),
        ("loose-leaf", "porcelain", "ceremonial", "mountain-grown", "glass"),
        "an unhurried afternoon",
    ),
)

PROVIDERS: tuple[str, ...] = (
    "Alder & Sons",
    "Brightwell",
    "Corvid Works",
    "Dunmore Goods",
    "Eastgate",
    "Fernhill",
    "Greyline",
    "Harbour Lane",
)


def title(shelf: Shelf, rank: int) -> str:
    """The `rank`-th distinct title of a shelf: quality and noun, with an edition once these are used up."""
    nouns, qualities = len(shelf.nouns), len(shelf.qualities)
    noun, quality = shelf.nouns[rank % nouns], shelf.qualities[rank // nouns % qualities]
    edition = rank // (nouns * qualities)
    return f"{quality} {noun}".capitalize() + (f", edition {edition + 1}" if edition else "")


def description(shelf: Shelf, rank: int, provider: str) -> str:
    """One sentence on what the item is for and who makes it."""
    quality = shelf.qualities[rank // len(shelf.nouns) % len(shelf.qualities)]
    noun = shelf.nouns[rank % len(shelf.nouns)]
    article = "an" if quality[0] in "aeiou" else "a"
    return f"{provider}: {article} {quality} choice of {noun} for {shelf.purpose}."
