"""What gilscope saved, whichever it is: a session, a trace, an atlas or several."""

import gzip
import json
import os
import zlib
from pathlib import Path

from gilscope import atlas_data, chrome, results
from gilscope.atlas_data import Atlas, AtlasError
from gilscope.results import Session
from gilscope.tracing import Trace

_GZIP = b"\x1f\x8b"


def load(path: str | os.PathLike[str]) -> Session | Trace | Atlas | list[Atlas]:
    """Read a session, a trace, an atlas or several.

    Raises
    ------
    SessionError, TraceError, AtlasError
        The file is damaged, is something else, or comes from a newer version; the message is one sentence.
    FileNotFoundError
        There is no such file.
    """
    content = Path(path).read_bytes()
    try:
        document = json.loads(gzip.decompress(content) if content.startswith(_GZIP) else content)
    except (OSError, EOFError, zlib.error) as error:  # of gzip
        raise chrome.TraceError(f"{os.fspath(path)} is not a trace that gilscope can read: it is damaged ({error})") from error
    except (ValueError, RecursionError):
        return results.load(path)  # which says what is wrong
    try:
        if atlas_data.is_atlas(document):
            return atlas_data.atlases_of(document)
        if chrome.is_trace(document):
            return Trace.from_dict(document)
    except AtlasError as error:
        raise AtlasError(f"{os.fspath(path)} is not an atlas that gilscope can read: {error}") from error
    except chrome.TraceError as error:
        raise chrome.TraceError(f"{os.fspath(path)} is not a trace that gilscope can read: {error}") from error
    return results.load(path)
