"""The titles of the disputed items, whatever brackets stand in them and however the notice lists them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import re2

from inbox_bot.core.labels import Label
from inbox_bot.core.notice_rules import NoticeRules
from inbox_bot.core.text import clean_text, one_line, plain_text
from inbox_bot.core.wording import Wording

_COUNTED = re2.compile(
    r"(?i)(?:^|[\s;,，；、])(?:[-*•·][ ]?)?[0-9]{1,4}[ ]?(?:of|x|×|pcs?\.? of|units? of|件|个|個)[ ]?[(（]"
)
_TIMES = re2.compile(
    r"(?i)^(?:[-*•·][ ]?)?(?:[0-9]{1,4}[ ]?[x×][ ]|[x×][ ]?[0-9]{1,4}[ ]|[0-9]{1,4}[ ]of[ ]|"
    r"(?:qty|quantity)[.:]?[ ]?[0-9]{1,4}[ ]?[-:,x]?[ ]|[0-9]{1,4}[ ]?(?:件|个|個|Stück|Stk\.?|pcs\.?)[ ])"
)
_TIMES_INSIDE = re2.compile(r"(?i)[;,；，、][ ]{0,2}[0-9]{1,4}[ ]?[x×][ ]")
_TIMES_BEHIND = re2.compile(
    r"(?i)[ ]*(?:[,;(（-]?[ ]?(?:qty|quantity|数量|數量|menge|anzahl|stückzahl|"
    r"aantal|hoeveelheid|quantité|quantità|cantidad|quantidade|antal|ilość|adet|miktar)"
    r"[.]?[ ]?[:：]?[ ]?[0-9]{1,4}[)）]?|"
    r"(?-i:[x×*])[ ]?[0-9]{1,4}|[(（][x×][ ]?[0-9]{1,4}[)）])$"
)
_COUNTERS = "件|个|個|台|套|双|盒|只|本|条|张|支|把|瓶|袋|包|组|点|枚|pcs?|pieces?|units?|Stück|Stk|pezzi|pz|unités|uds"
# "(6 pieces)" in brackets belongs to the title of a set; ", 6 pieces" is a count.
_COUNTED_BEHIND = re2.compile(
    rf"(?i)[ ]*[,，、;x×*]?[ ]*[x×]?[0-9]{{1,4}}[ ]?(?:{_COUNTERS})\.?$|"
    r"[ ]*[(（][x×]?[0-9]{1,4}[ ]?\p{Han}[)）]$"
)
_IN_PROSE = re2.compile(
    rf"[(（「【《]([^()（）\n]{{2,120}}?)[,，、;；][ ]?[0-9]{{1,4}}[ ]?(?:{_COUNTERS})[)）」】》,，、;；]"
)
# A title in quotes or brackets is one when a word of trade, an amount or an order number stands right before it.
_NAMED = re2.compile(
    r"(?i)(?:\b(?:items?|goods|products?|articles?|merchandise|purchases?|listings?|titled?|called|named|concerns?|"
    r"order|sale of|bought|ordered)|商品|产品|產品|货品|貨品|物品|购买的?|購買的?|订购的?|"
    r"[0-9]{3}-[0-9]{7}-[0-9]{7}|[0-9][.,][0-9]{2}(?:[ ]?(?:[A-Z]{3}|[€£$¥]))?(?:[ ]for)?)"
    r"(?:[ ](?:is|was|are|were|of|the|for|one|a|an|[0-9]{1,3}|[0-9]{1,3}[ ]?x|[(][0-9]{1,3}[)])){0,3}[ ]?[:：]?[ ]?"
    r"(?P<open>[\"“„«「『《(（【])"
)
_CLOSING = {
    '"': '"',
    "“": "”",
    "„": '“”"',
    "«": "»",
    "「": "」",
    "『": "』",
    "《": "》",
    "(": ")",
    "（": "）",
    "【": "】",
}
_AMOUNT_BEHIND = re2.compile(
    r"[,，;；][ ]?(?:[A-Z]{0,3}[$€£¥￥][ ]?[0-9][0-9.,]*|"
    r"[0-9][0-9.,]*[ ]?(?:[A-Z]{3}|[$€£¥￥元])|[A-Z]{3}[ ]?[0-9][0-9.,]*)$"
)
# What ends in an amount is no title: "(ご請求額 2,350円)".
_ENDS_IN_AMOUNT = re2.compile(r"[0-9][0-9.,]*[ ]?(?:[$€£¥￥円元]|zł|kr|TL|[A-Z]{3})$")
_LIST_MARKS = re2.compile(r"[;；、]")
_BULLET = re2.compile(r"^(?:[-*•·●▪–][ ]{1,4}|[0-9]{1,2}[.)、][ ]{1,4})")
_QUOTES = ('""', "''", "“”", "「」", "《》", "【】", "[]", "«»", "„“")
_MOST = 50
_LONGEST = 500
_PROSE_CHARACTERS = 20_000


def read_items(labels: Sequence[Label], body: Wording) -> tuple[str, ...]:
    """The titles in order of appearance, each once, without counts: at labels, else those counted in sentences."""
    titles: list[str] = []
    for label in labels:
        if label.field == "items":
            titles += _titles(_without_text(label.lines, body.rules))
    if not titles:
        titles = list(_of_sentences(body))
    return tuple(dict.fromkeys(titles))[:_MOST]


def as_written(title: str, sources: Sequence[str]) -> str:
    """The title with the quotes and dashes that the mail has, found again in the texts it was read from."""
    words = title.split()
    if not words or len(title) > _LONGEST:
        return title
    pattern = re2.compile(r"\s+".join(re2.escape(word) for word in words))
    for source in sources:
        written = clean_text(source[: 2 * _PROSE_CHARACTERS])
        found = pattern.search(plain_text(written))
        if found is not None:
            return " ".join(written[found.start() : found.end()].split())
    return title


def _of_sentences(body: Wording) -> Iterator[str]:
    """`the purchase, 1 of (Pocket Sundial) for 18.20 USD`, `订单(台灯，1 件，15.90 USD)`."""
    text = body.text[:_PROSE_CHARACTERS]
    for match in _COUNTED.finditer(text):
        inside = " ".join(text[match.end() : match.end() + _LONGEST].split("\n\n")[0].split())
        yield from _clean(_balanced(inside))
    for match in _IN_PROSE.finditer(text):
        yield from _clean(match.group(1))
    for match in _NAMED.finditer(text):
        yield from _named(text[match.end() : match.end() + _LONGEST], match.group("open"))


def _named(text: str, opening: str) -> Iterator[str]:
    """The title behind an opening quote or bracket, when what it encloses reads like one."""
    inside = " ".join(text.split("\n\n")[0].split())
    if opening in "(（":
        enclosed = _balanced(inside)
    else:
        ends = [position for mark in _CLOSING[opening] if (position := inside.find(mark)) > 0]
        enclosed = inside[: min(ends)] if ends else ""
    enclosed = _AMOUNT_BEHIND.sub("", enclosed)
    if _reads_like_a_title(enclosed):
        yield from _clean(_without_count(enclosed))


def _reads_like_a_title(text: str) -> bool:
    """Names are written with capitals, sentences are not; Chinese titles have no sentence marks."""
    if not 3 <= len(text) <= 200 or text[-1] in ".!?。！？" or _ENDS_IN_AMOUNT.search(text) is not None:
        return False
    if any("\u4e00" <= char <= "\u9fff" for char in text):
        return not any(mark in text for mark in "，。；！？：")
    words = [word for word in text.split() if word[0].isalpha()]
    capitals = sum(word[0].isupper() for word in words)
    return text[0].isupper() and len(words) > 1 and capitals * 2 > len(words)


def _without_text(lines: Sequence[str], rules: NoticeRules) -> list[str]:
    """The lines up to the paragraph behind the titles ("In response, please ...")."""
    kept: list[str] = []
    for line in lines:
        begins = rules.find("wording", line[:60], means="after_address")
        open_bracket = (
            sum(one.count("(") + one.count("（") - one.count(")") - one.count("）") for one in kept) > 0
        )
        if kept and not open_bracket and begins and begins[0].start == 0 and _is_prose(line):
            break
        kept.append(line)
    return kept


def _is_prose(line: str) -> bool:
    return len(line.split()) >= 4 or any("\u4e00" <= char <= "\u9fff" for char in line)


def _titles(lines: Sequence[str]) -> Iterator[str]:
    text = _joined(lines)
    starts = list(_COUNTED.finditer(f" {text}"))
    if starts:
        ends = [match.start() for match in starts[1:]] + [len(text) + 1]
        for match, end in zip(starts, ends, strict=True):
            yield from _clean(_in_brackets(f" {text}"[match.end() : end]))
        return
    for line in _lists(lines):
        for piece in _pieces(line):
            yield from _clean(_without_count(piece))


def _pieces(line: str) -> list[str]:
    """`2 x A, 1 x B` and `A 2件、B 1件` are two titles; other commas belong to the title."""
    if _TIMES.match(line) is not None:
        return [piece for piece in _TIMES_INSIDE.split(line) if piece]
    pieces = _LIST_MARKS.split(line)
    return pieces if all(_COUNTED_BEHIND.search(piece) is not None for piece in pieces) else [line]


def _lists(lines: Sequence[str]) -> list[str]:
    """One text an item: bulleted and counted lines stand for themselves, others are one title wrapped."""
    begins = [line for line in lines if _BULLET.match(line) is not None or _TIMES.match(line) is not None]
    if not begins:
        return _unwrapped(lines)
    found: list[str] = []
    for line in lines:
        if found and line not in begins:
            found[-1] = _joined([found[-1], line])
        else:
            found.append(line)
    return found


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """A short line ends a title, a full one is wrapped into the next."""
    found: list[str] = []
    wrapped = False
    for line in lines:
        if wrapped and found:
            found[-1] = _joined([found[-1], line])
        else:
            found.append(line)
        wrapped = len(line) >= 58 or found[-1].count("(") > found[-1].count(")")
    return found


def _joined(lines: Sequence[str]) -> str:
    text = ""
    for line in lines:
        line = line.strip()
        cjk = bool(text and line) and text[-1] > "\u2e7f" and line[0] > "\u2e7f"
        text += line if cjk or not text else f" {line}"
    return text


def _in_brackets(text: str) -> str:
    """The text up to the bracket that closes it; brackets inside are kept, missing ones forgiven."""
    depth = 1
    for position, char in enumerate(text):
        if char in "(（":
            depth += 1
        elif char in ")）":
            depth -= 1
            if depth == 0:
                rest = text[position + 1 :].strip(" .;,，；。、")
                return (
                    text[:position] if not rest or not any(mark in rest for mark in ")）") else _to_last(text)
                )
    return _to_last(text)


def _balanced(text: str) -> str:
    """The text up to the first bracket that closes more than was opened."""
    depth = 1
    for position, char in enumerate(text):
        depth += (char in "(（") - (char in ")）")
        if depth == 0:
            return text[:position]
    return ""


def _to_last(text: str) -> str:
    last = max(text.rfind(")"), text.rfind("）"))
    return text[:last] if last >= 0 else text


def _without_count(text: str) -> str:
    text = text.strip()
    if (bullet := _BULLET.match(text)) is not None:
        text = text[bullet.end() :]
    if (count := _TIMES.match(text)) is not None:
        text = text[count.end() :]
    for behind in (_TIMES_BEHIND, _COUNTED_BEHIND):
        if (count := behind.search(text)) is not None and count.start() > 0:
            is_measure = count.group().lstrip()[:1] in "x×*" and text[count.start() - 1].isdigit()
            text = text if is_measure else text[: count.start()]
    return text.strip()


def _clean(title: str) -> Iterator[str]:
    title = one_line(title).strip(" ,;，；")
    if len(title) > 1 and title[0] + title[-1] in _QUOTES and title[0] not in title[1:-1]:
        title = title[1:-1].strip()
    if title and any(char.isalpha() for char in title):
        yield title[:_LONGEST]
