"""How the shipped fonts were made: `python -m analysis.report.fonts.subset`, once, on Debian 12.

Needs Debian's fonts-noto-core and fonts-noto-cjk. The report and the charts then look the same on every
machine, whatever fonts it has. The licence of all of them is OFL.txt beside this file.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
DEBIAN = Path("/usr/share/fonts")
LATIN = [*range(0x20, 0x250), *range(0x2B0, 0x530), *range(0x1E00, 0x2070), *range(0x2070, 0x2210)]
SIMPLIFIED_CHINESE_FACE = 2
"""Index of the SC face in Debian's collection of CJK fonts."""


def gb2312() -> list[int]:
    """Code points of GB2312: 6,763 Chinese characters, kana, full-width forms, box and mathematical signs."""
    rows = (bytes([high, low]) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF))
    return [ord(character) for pair in rows for character in pair.decode("gb2312", "ignore")]


def catalogue_characters() -> list[int]:
    """Code points of every Chinese text of the catalogue."""
    texts = (HERE.parents[2] / "words" / "zh").glob("*.toml")
    return sorted({ord(character) for path in texts for character in path.read_text(encoding="utf-8")})


def make(source: str, name: str, points: list[int], face: int = -1) -> None:
    """Write HERE/name with the glyphs of `points` (all of the source where empty)."""
    from fontTools import subset  # type: ignore[import-untyped]

    options = subset.Options(font_number=face, hinting=False, recalc_timestamp=False)
    font = subset.load_font(str(DEBIAN / source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=points or font.getBestCmap())
    subsetter.subset(font)
    font.save(HERE / name)


def main() -> None:
    for weight in ("Regular", "Bold"):
        make(f"truetype/noto/NotoSans-{weight}.ttf", f"NotoSans-{weight}.ttf", LATIN)
    for script in ("Arabic", "Hebrew", "Devanagari", "Thai"):
        make(f"truetype/noto/NotoSans{script}-Regular.ttf", f"NotoSans{script}-Regular.ttf", [])
    chinese = [*gb2312(), *catalogue_characters(), *range(0x2190, 0x2200), *range(0x25A0, 0x2600), 0x2713, 0x2717]
    make("opentype/noto/NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", chinese, SIMPLIFIED_CHINESE_FACE)


if __name__ == "__main__":
    main()
