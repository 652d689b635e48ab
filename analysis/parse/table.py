"""One file of any accepted kind to one typed Parquet table."""

from __future__ import annotations

import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.ingest import Limits, Source
from analysis.parse import columnar, delimited, jsonlines, sniff, typed
from words import Phrase, Refusal, phrase


def read_table(path: Path, out: Path, source: Source, limits: Limits) -> list[Phrase]:
    """Write `path` as typed Parquet to `out`; what was detected and counted, as notes.

    Raises Refusal(data.*). Files larger than the limit are refused before they are opened.
    """
    if path.stat().st_size > limits.bytes:
        raise limits.exceeded()
    out.unlink(missing_ok=True)
    with TemporaryDirectory(dir=out.parent) as scratch:
        plain = path
        kind = sniff.kind_of(path)
        if kind == "gzip":
            plain = Path(scratch) / path.name.removesuffix(".gz")
            _gunzip(path, plain, limits)
            kind = sniff.kind_of(plain)
            if kind == "gzip":
                raise Refusal("data.wrong_type", name=path.name, found="gzip", byte="0x1F", at=0)
        if kind == "parquet":
            return columnar.read(plain, out, limits)
        return _text(plain, Path(scratch), out, source, limits)


def _text(path: Path, scratch: Path, out: Path, source: Source, limits: Limits) -> list[Phrase]:
    """A text file, delimited or JSON Lines."""
    encoding = source.encoding or sniff.encoding_of(path)
    plain = delimited.as_utf8(path, scratch / "utf8.txt", encoding)
    first = delimited.head(plain).lstrip("\ufeff \t\r\n")[:1]
    if first == "[":
        raise Refusal("data.json_array", name=path.name)
    if first == "{":
        text = jsonlines.text_of(path.name, plain, scratch / "text.parquet", limits)
        rows, notes = typed.write(text, out, source.decimal, limits)
        return [phrase("data.note.jsonlines", name=path.name, rows=rows, columns=len(text.columns)), *notes]
    text, mark = delimited.text_of(path.name, plain, source.separator, limits)
    rows, notes = typed.write(text, out, source.decimal, limits)
    return [delimited.note(path.name, mark, encoding, rows, len(text.columns)), *notes]


def _gunzip(path: Path, out: Path, limits: Limits) -> None:
    """Unpack in blocks, stopping at the limit. Raises Refusal(data.too_large | data.broken_gzip)."""
    unpacker, written = zlib.decompressobj(wbits=31), 0
    with out.open("wb") as file:
        for block in sniff.blocks(path):
            while block:
                try:
                    piece = unpacker.decompress(block, sniff.BLOCK)
                except zlib.error as error:
                    raise Refusal("data.broken_gzip", name=path.name) from error
                written += len(piece)
                if written > limits.bytes:
                    raise limits.exceeded()
                file.write(piece)
                block = unpacker.unconsumed_tail
                if unpacker.eof and (unpacker.unused_data or block):
                    block = unpacker.unused_data or block
                    unpacker = zlib.decompressobj(wbits=31)
    if not unpacker.eof:
        raise Refusal("data.broken_gzip", name=path.name)
