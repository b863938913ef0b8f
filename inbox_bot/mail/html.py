"""The HTML of a stranger's mail as the text that a reader sees, one table row or block a line.

Nothing is loaded and nothing raises; what laying out may cost stands in `mail/bounds.py`. Which part of a mail is
HTML, and in which charset, is the business of `mail/message.py`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from inbox_bot.core.errors import Problem
from inbox_bot.core.text import clean_text
from inbox_bot.mail import bounds

_HIDING_STYLE = re.compile(
    r"display:none|visibility:hidden|mso-hide:all|(?:font-size|opacity|max-height):0(?:px|pt|em|rem|%)?(?![0-9.a-z%])"
)
_UNSEEN = frozenset(["script", "style", "head", "template", "title", "iframe", "object", "svg", "applet"])
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "center section form fieldset dl dt dd hr details summary caption br p div tr table ul ol li pre blockquote "
        "h1 h2 h3 h4 h5 h6",
    )
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20}|[!?/])[^<>]*>")
_LONG_REFERENCE = re.compile(r"&#[0-9a-fA-FxX]{9,};?")


def html_to_text(source: str, allowance: bounds.Allowance) -> tuple[str, tuple[Problem, ...]]:
    """The text of an HTML part as a reader sees it, one table row or block a line, and what went wrong.

    Hidden elements are left out; nothing is loaded. HTML that is too costly to lay out only loses its tags.
    """
    problems: list[Problem] = []
    granted = allowance.take("html_characters", len(source))
    if granted < len(source):
        problems.append(
            Problem(f"more than {bounds.HTML_CHARACTERS} characters of HTML: the rest was not read")
        )
    source = clean_text(source[:granted])
    if not source.strip():
        return "", tuple(problems)
    try:
        text = _lay_out(source, allowance)
    except Exception as error:
        problems.append(
            Problem(f"the HTML could not be laid out ({error or type(error).__name__}): tags removed")
        )
        text = _strip_tags(source)
    return clean_text(text).strip("\n"), tuple(problems)


class _TooCostlyError(Exception):
    """The HTML is within its size, but laying it out is not."""


def _lay_out(source: str, allowance: bounds.Allowance) -> str:
    import lxml.html  # type: ignore[import-untyped]
    from inscriptis.css_profiles import STRICT_CSS_PROFILE
    from inscriptis.html_engine import Inscriptis
    from inscriptis.html_properties import Display
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement
    from inscriptis.model.tag import CustomHtmlTagHandlerMapping

    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    tree = lxml.html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    _keep_what_is_seen(tree, allowance)
    # inscriptis writes into the profile's `body`: each mail gets one of its own.
    css = {tag: HtmlElement(display=Display.block) for tag in _BLOCKS} | STRICT_CSS_PROFILE
    css |= {"body": HtmlElement(display=Display.inline), "br": HtmlElement()}
    css |= {tag: HtmlElement() for tag in ("tr", "table")}
    css |= {tag: HtmlElement(display=Display.none) for tag in _UNSEEN}
    tags = CustomHtmlTagHandlerMapping(start_tag_mapping={}, end_tag_mapping={"table": _bounded_table_end()})
    text: str = Inscriptis(tree, ParserConfig(css=css, custom_html_tag_handler_mapping=tags)).get_text()
    return text


def _keep_what_is_seen(tree: Any, allowance: bounds.Allowance) -> None:
    """Empty the hidden elements, and drop all attributes: sizes and margins could blow the text up."""
    open_elements = [(tree, 1)]
    while open_elements:
        element, depth = open_elements.pop()
        if not isinstance(element.tag, str):
            continue
        if depth > bounds.HTML_DEPTH:
            raise _TooCostlyError(f"more than {bounds.HTML_DEPTH} elements deep")
        if not allowance.take("html_elements", 1):
            raise _TooCostlyError(f"more than {bounds.HTML_ELEMENTS} elements")
        style = "".join(element.get("style", "").lower().split())
        if element.tag in _UNSEEN or "hidden" in element.attrib or _HIDING_STYLE.search(style):
            element.clear(keep_tail=True)
            element.tag = "script"
            continue
        element.attrib.clear()
        if element.tag in (
            "td",
            "th",
        ):  # a label beside an address of five lines stands beside its first line
            element.set("valign", "top")
        open_elements += [(child, depth + 1) for child in element]


def _bounded_table_end() -> Callable[[Any], None]:
    from inscriptis.model.tag.table_tag import table_end_handler

    left = bounds.TABLE_CHARACTERS

    def table_end(state: Any) -> None:
        """Every cell is filled up to its column's width and its row's height: count before that is done."""
        nonlocal left
        widths: dict[int, int] = {}
        for row in state.current_table[-1].rows if state.current_table else ():
            height = max((cell.normalize_blocks() for cell in row.columns), default=0)
            for column, cell in enumerate(row.columns):
                widths[column] = max(widths.get(column, 0), cell.width)
            left -= height * len(row.columns)
        for row in state.current_table[-1].rows if state.current_table else ():
            height = max((cell.height for cell in row.columns), default=0)
            left -= height * sum(widths[column] for column in range(len(row.columns)))
        if left < 0:
            raise _TooCostlyError("a table is too large")
        table_end_handler(state)

    return table_end


def _strip_tags(source: str) -> str:
    """Text without tags, in one pass: the standard library's HTML parser is quadratic on broken tags."""
    first, *rest = source.split("<!--")
    source = first + "".join(piece.partition("-->")[2] for piece in rest)
    pieces: list[str] = []
    end = 0
    unseen = ""
    for tag in _TAG.finditer(source):
        if not unseen:
            pieces.append(source[end : tag.start()])
        end = tag.end()
        name = tag.group(2).lower()
        if unseen:
            unseen = "" if tag.group(1) and name == unseen else unseen
        elif name in _UNSEEN and not tag.group(1):
            unseen = name
        elif name in _BLOCKS:
            pieces.append("\n")
        elif name in ("td", "th"):
            pieces.append("  ")
    if not unseen:
        pieces.append(source[end:])
    return html.unescape(_LONG_REFERENCE.sub("", "".join(pieces)))
