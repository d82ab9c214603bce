"""The files of the page, read once: their bytes, plain and compressed, under an address that names
what is in all of them, so that a browser keeps them for good and never mixes two releases."""

import functools
import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_FRAMES = ("shell.html", "worker.js")  # asked for by name alone; they say which version is current


class PageFile(NamedTuple):
    """A file of the page; `packed` is the same by gzip, empty where that saves nothing."""

    media_type: str
    content: bytes
    packed: bytes


@functools.cache
def version() -> str:
    """Sixteen hexadecimal digits of the content of all files."""
    found = hashlib.sha256()
    for path in sorted(_FOLDER.rglob("*")):
        if path.is_file() and path.suffix in (*_TYPES, ".html"):
            found.update(path.relative_to(_FOLDER).as_posix().encode() + b"\0")
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


@functools.cache
def files() -> dict[tuple[str, str], PageFile]:
    """By room and name."""
    return {
        (path.parent.name, path.name): _ready(path.read_bytes(), _TYPES[path.suffix])
        for path in sorted(_FOLDER.glob("*/*"))
        if path.suffix in _TYPES
    }


@functools.cache
def frame(name: str) -> str:
    """The shell or the service worker, with the present version in it. Raises ValueError for
    another name."""
    if name not in _FRAMES:
        raise ValueError(name)
    return (_FOLDER / name).read_text("utf-8").replace("@version@", version())


_seen = 0.0


def look_again() -> bool:
    """Whether a file has changed since the last look; then all are read anew."""
    global _seen
    newest = max(path.stat().st_mtime for path in _FOLDER.rglob("*"))
    changed, _seen = newest != _seen, newest
    if changed:
        for kept in (version, files, frame):
            kept.cache_clear()
    return changed


def _ready(content: bytes, media_type: str) -> PageFile:
    packed = gzip.compress(content, 9, mtime=0)
    return PageFile(media_type, content, packed if len(packed) < len(content) else b"")
