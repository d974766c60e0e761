"""Names of files, folders and classes, as text that any file can hold."""

import os
import unicodedata


def as_text(name: str) -> str:
    """Return the name of a file or folder with what isn't UTF-8 in it as escapes, such as caf, backslash, xe9."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def class_name(name: str) -> str:
    """Return `name` as text in Unicode's composed form (NFC); a Mac's archives have names of folders decomposed."""
    return unicodedata.normalize("NFC", as_text(name))
