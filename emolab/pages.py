"""Pages and texts made of templates: what they show is inside them, and every text that they're given is escaped."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def filled(package: str, template: str, filters: Mapping[str, Callable[..., str]] | None = None, **values: Any) -> str:
    """Return a template with its values filled in; pages extend `base.html.jinja`, which has what all look like.

    Every text is escaped in Markdown, too, for that may hold HTML. A name in a template without a value is an error.

    Args:
        package: that the template lies in, such as "emolab.data".
        template: name of its file.
        filters: functions by the names that the template calls them.
        values: what it shows.
    """
    loader = ChoiceLoader([PackageLoader(package, "."), PackageLoader("emolab", ".")])
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= filters or {}
    return environment.get_template(template).render(**values)


def address_of(picture: bytes, kind: str = "png") -> str:
    """Return a picture as the address of an `<img>`, which holds all of it."""
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
