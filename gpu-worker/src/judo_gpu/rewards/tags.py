"""Content of the answer tags. Every published reward takes the last pair and lets tags span lines."""

import re


def last_tag(completion: str, name: str) -> str | None:
    """Stripped content of the last `<name>..</name>`, or None where there is no complete pair."""
    found: list[str] = re.findall(rf"<{name}>(.*?)</{name}>", completion, re.DOTALL)
    return found[-1].strip() if found else None


def has_adjacent_tags(completion: str, names: tuple[str, ...]) -> bool:
    """Whether the tags occur complete and in this order with nothing but white space between them."""
    pattern = r"\s*".join(rf"<{name}>.*?</{name}>" for name in names)
    return re.search(pattern, completion, re.DOTALL) is not None


def has_ordered_tags(completion: str, names: tuple[str, ...]) -> bool:
    """Whether the tags occur complete and in this order, with any text between them."""
    pattern = ".*?".join(rf"<{name}>.*?</{name}>" for name in names)
    return re.search(pattern, completion, re.DOTALL) is not None
