"""Amounts of money in running text, in the forms that Amazon and its sellers write.

Works on text that went through `core.text.plain_text`; the pattern is linear-time (re2). A number without a
currency mark is never money: it is a quantity, a postal code, a piece of an id. What an amount is for is decided by
whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import islice

import re2

from inbox_bot.core.cldr import currency_names
from inbox_bot.core.model import Money


@dataclass(frozen=True, slots=True)
class FoundMoney:
    """An amount and the span of text (mark included) it was read from; the amount is never negative."""

    start: int
    end: int
    money: Money


_DOLLAR, _YEN, _KRONA = "$", "¥", "kr"  # marks of more than one currency; the caller's hint decides
# The first word of a line is the currency, the others are its marks. Codes are marks in capitals; small ones
# only where they are no words of English.
_MARK_LINES = f"""
{_DOLLAR} $ ＄ dollars dollar Dollar dólares dollari dolarów dolary doları ドル 美金
{_YEN} ¥ ￥
{_KRONA} kr kr. Kr kronor kronen kroner 克朗
USD usd Usd US$ U.S.$ USD$ 美元
EUR eur Eur Euro euro euros Euros euron ユーロ € 欧元 歐元
GBP gbp £ ￡ 英镑
JPY jpy yen Yen JP¥ JP￥ 円 日元 日圆
CNY cny RMB rmb CN¥ CN￥ RMB¥ 元 人民币 人民幣
CAD cad CA$ C$ CAD$ CDN$ 加元 加拿大元
MXN mxn MX$ Mex$ MXN$ 比索
BRL brl R$ reais Reais 雷亚尔
AUD aud A$ AU$ AUD$ 澳元
NZD nzd NZ$
SGD sgd S$ SG$ SGD$ 新加坡元
HKD hkd HK$ 港元 港币
TWD twd NT$
INR inr ₹ Rs. Rs rupees 卢比
AED aed د.إ 迪拉姆
SAR ر.س 里亚尔
EGP egp ج.م
TRY TL ₺ lira Lira lirası 里拉
SEK sek 瑞典克朗
PLN pln zł zl złotych złote złoty zlotych 兹罗提
CHF chf SFr. SFr 瑞士法郎
NOK nok
DKK dkk
CZK czk Kč
HUF huf
RON
BGN
KRW krw ₩
ZAR zar
THB thb ฿
ILS ₪
KWD kwd
"""


@cache
def _marks() -> dict[str, str]:
    """The currency of each mark: what CLDR calls the currencies, and what stands above."""
    marks = {**currency_names(), "US dollars": "USD", "U.S. dollars": "USD"}
    for currency, *words in (line.split() for line in _MARK_LINES.strip().split("\n")):
        marks |= dict.fromkeys([currency, *words], currency)
    return marks


@cache
def _token() -> re2._Regexp:
    marks = "|".join(re2.escape(mark) for mark in sorted(_marks(), key=len, reverse=True))
    return re2.compile(rf"(?P<mark>{marks})|(?P<number>{_NUMBER_PATTERN})")


_NUMBER_PATTERN = r"[0-9]{1,12}(?:[.,'][0-9]{1,3}){0,6}(?:,-{1,2})?|\.[0-9]{2}"
# A mark with this end stands before its number, unless it touches the one behind.
_BEFORE_NUMBER = frozenset("$＄£￡¥￥₹₺")
_GROUPED_BY_SPACE = frozenset({"EUR", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "CHF", "ZAR", "BGN", _KRONA})
_FAMILIES = (  # a mark of several currencies and what it can stand for
    {_DOLLAR, "USD"},
    *({_DOLLAR, code} for code in ("CAD", "AUD", "MXN", "SGD", "BRL", "NZD", "HKD", "TWD")),
    {_YEN, "JPY"},
    {_YEN, "CNY"},
    *({_KRONA, code} for code in ("SEK", "NOK", "DKK", "CZK")),
)
_SEPARATORS = frozenset(".,'")
_THREE_DECIMALS = frozenset({"KWD"})


@dataclass(slots=True)
class _Token:
    start: int
    end: int
    words: str
    currency: str = ""  # "" for a number


def find_money(
    text: str, *, dollar: str = "USD", yen: str = "JPY", krona: str = "SEK"
) -> tuple[FoundMoney, ...]:
    """All amounts that carry a currency mark, in order of appearance; signs and brackets are ignored.

    `dollar`, `yen` and `krona` say which currency a bare `$`, `¥` or `kr` stands for. A `¥` amount with two
    decimals is CNY whatever the hint, because the yen has none.
    """
    tokens = _tokens(text)
    before, behind = _pair(text, tokens)
    hints = {_DOLLAR: dollar, _YEN: yen, _KRONA: krona}
    found = []
    for position, token in enumerate(tokens):
        left, right = before.get(position), behind.get(position)
        if token.currency or (left is None and right is None):
            continue
        one = _amount_at(text, tokens, position, left, right, hints)
        if one is not None:
            found.append(one)
    return tuple(found)


def parse_amount(text: str, currency: str = "") -> Decimal | None:
    """The amount of a report cell in the given currency, with its sign; None when the cell holds no amount.

    Marks are allowed, brackets and a leading or trailing minus make it negative.
    """
    cell = text.strip()
    negative = (cell.startswith("(") and cell.endswith(")")) or "-" in (cell[:1], cell[-1:])
    tokens = [token for token in _tokens(cell) if not token.currency]
    for token in tokens[1:]:
        if token.start - tokens[0].end != 1 or cell[tokens[0].end] != " " or not _is_group(token.words):
            return None
        tokens[0] = _Token(tokens[0].start, token.end, tokens[0].words + token.words)
    if not tokens:
        return None
    mark = cell[: tokens[0].start] + cell[tokens[0].end :]
    if mark.strip(" -+()\t") not in {"", *_marks()}:
        return None
    amount = _read_number(tokens[0].words, currency)
    return -amount if amount is not None and negative else amount


# No honest mail has more numbers; past them a hostile one is not read on.
_MOST_TOKENS = 8_000


def _tokens(text: str) -> list[_Token]:
    tokens = []
    for match in islice(_token().finditer(text), _MOST_TOKENS):
        start, end = match.span()
        words = match.group()
        if match.group("number") is not None:
            tokens.append(_Token(start, end, words))
            continue
        if words[0].isalpha() and words[0].isascii() and text[start - 1 : start].isalpha() and start:
            if words[-1] != "$":
                continue
            start, words = end - 1, "$"  # "PLUS$5": the letters belong to another word
        if words[-1].isalpha() and words[-1].isascii() and text[end : end + 1].isalpha():
            continue
        tokens.append(_Token(start, end, words, _marks()[words]))
    return tokens


def _pair(text: str, tokens: list[_Token]) -> tuple[dict[int, _Token], dict[int, _Token]]:
    """For each number (by position) the mark before it and the mark behind it."""
    before: dict[int, _Token] = {}
    behind: dict[int, _Token] = {}
    for position, mark in enumerate(tokens):
        if not mark.currency:
            continue
        left = position - 1 if position and _touches(text, tokens[position - 1], mark) else None
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        right = position + 1 if following is not None and _touches(text, mark, following) else None
        if left is not None and right is not None:
            if _belongs_left(text, tokens[left], mark, tokens[right], before.get(left)):
                right = None
            else:
                left = None
        if left is not None:
            behind[left] = mark
        elif right is not None:
            before[right] = mark
    return before, behind


def _touches(text: str, first: _Token, second: _Token) -> bool:
    """True when one is a number, the other a mark, and only a blank, a sign or one hard wrap lies between."""
    if bool(first.currency) == bool(second.currency) or second.start - first.end > 6:
        return False
    gap = text[first.end : second.start]
    if first.currency:
        gap = gap.rstrip("-+( ") if "\n" not in gap else gap
    if "\n" in gap:  # a wrapped amount is a full one: "108.84\nUSD"
        number = second if first.currency else first
        return gap.count("\n") == 1 and not gap.strip(" \t>\n") and _looks_full(number.words)
    return not gap.strip(" \t") and len(gap) <= 3


def _looks_full(words: str) -> bool:
    return len(words) > 3 and words[-3] in ".," and "," not in words[-2:]


def _belongs_left(text: str, left: _Token, mark: _Token, right: _Token, earlier: _Token | None) -> bool:
    """True when a mark between two numbers is the left one's."""
    if earlier is not None:
        return _agree(earlier.currency, mark.currency)
    touches_left, touches_right = left.end == mark.start, mark.end == right.start
    if touches_left != touches_right:
        return touches_left
    if _looks_full(left.words) != _looks_full(right.words):
        return _looks_full(left.words)
    return mark.words[-1] not in _BEFORE_NUMBER


def _agree(first: str, second: str) -> bool:
    """True when two marks round one number can mean the same currency: `$108.84 CAD`."""
    return first == second or any(first in family and second in family for family in _FAMILIES)


def _amount_at(
    text: str,
    tokens: list[_Token],
    position: int,
    left: _Token | None,
    right: _Token | None,
    hints: dict[str, str],
) -> FoundMoney | None:
    number = tokens[position]
    if left is not None and right is not None and not _agree(left.currency, right.currency):
        right = None
    start, end, words = number.start, number.end, number.words
    mark = right or left
    if mark is None:
        return None
    currency = left.currency if left is not None and mark.currency in hints else mark.currency
    if left is None:
        start, words = _with_groups_before(text, tokens, position, currency)
    elif right is None:
        end, words = _with_groups_behind(text, tokens, position, currency)
    if _is_part_of_more(text, start, end, left, right):
        return None
    if currency == _YEN and _looks_full(words):
        currency = "CNY"
    currency = hints.get(currency, currency)
    amount = _read_number(words, currency)
    if amount is None or (words[0] == "." and left is None):
        return None
    return FoundMoney(left.start if left else start, right.end if right else end, Money(amount, currency))


def _with_groups_before(text: str, tokens: list[_Token], position: int, currency: str) -> tuple[int, str]:
    """`1 234 567,00 €`: the groups before the number, joined; only for currencies that are written so."""
    start, words = tokens[position].start, tokens[position].words
    if currency not in _GROUPED_BY_SPACE or not _is_group(words):
        return start, words
    for earlier in reversed(tokens[max(0, position - 3) : position]):
        is_next = earlier.end == start - 1 and text[earlier.end] == " "
        if earlier.currency or not is_next or len(earlier.words) > 3 or not earlier.words.isdigit():
            break
        start, words = earlier.start, earlier.words + words
        if len(earlier.words) < 3:
            break
    return start, words


def _with_groups_behind(text: str, tokens: list[_Token], position: int, currency: str) -> tuple[int, str]:
    """`EUR 1 234,56`: the groups behind the number, joined; only up to one with decimals, as a quantity has none."""
    end, words = tokens[position].end, tokens[position].words
    if currency not in _GROUPED_BY_SPACE or not words.isdigit() or len(words) > 3:
        return end, words
    joined = words
    for later in tokens[position + 1 : position + 4]:
        if later.start != end + 1 or text[end] != " " or not _is_group(later.words):
            break
        end, joined = later.end, joined + later.words
        if len(later.words) > 3:
            return end, joined
    return tokens[position].end, words


def _is_group(words: str) -> bool:
    return words[:3].isdigit() and (len(words) == 3 or (len(words) in (5, 6) and words[3] in ".,"))


def _is_part_of_more(text: str, start: int, end: int, left: _Token | None, right: _Token | None) -> bool:
    """True for a piece of an id, a longer number, a word, a time or a percentage, on a side without a mark."""
    if left is None and start:
        last, last_but_one = text[start - 1], text[max(0, start - 2) : start - 1]
        if last.isascii() and (last.isalnum() or last == "_"):
            return True
        if last in "-/.,:" and last_but_one.isascii() and last_but_one.isdigit():
            return True
        if last == "-" and last_but_one.isascii() and last_but_one.isalpha():
            return True
    if right is None and end < len(text):
        following, one_more = text[end], text[end + 1 : end + 2]
        if following == "%" or following.isdigit():
            return True
        if following.isascii() and following.isalpha() and not _looks_full(text[start:end]):
            return True
        return following in "-/:.," and one_more.isascii() and one_more.isdigit()
    return False


def _read_number(words: str, currency: str) -> Decimal | None:
    """The number with its group and decimal separators resolved; None when no reading is sound.

    The last separator is the decimal one when one or two digits stand behind it; with three behind it parts
    groups, unless it cannot (`0.125`) or the currency has three decimals.
    """
    digits = words.rstrip("-").rstrip(",")
    marks = [char for char in digits if char in _SEPARATORS]
    if not marks:
        return Decimal(digits)
    whole, _, rest = digits.rpartition(marks[-1])
    if _is_decimal_mark(digits, marks, len(rest), currency):
        whole = _ungrouped(whole) if len(marks) > 1 else whole or "0"
        return Decimal(f"{whole}.{rest}") if whole else None
    whole = _ungrouped(digits)
    return Decimal(whole) if whole else None


def _is_decimal_mark(digits: str, marks: list[str], digits_behind: int, currency: str) -> bool:
    if marks[-1] == "'" or marks.count(marks[-1]) > 1:
        return False
    if digits_behind == 3:
        return currency in _THREE_DECIMALS or (len(marks) == 1 and not _ungrouped(digits))
    return digits_behind < 3


def _ungrouped(digits: str) -> str:
    """The digits without their one kind of group separator; "" when the groups are not sound."""
    separators = {char for char in digits if char in _SEPARATORS}
    if len(separators) > 1:
        return ""
    head, *groups = digits.split(separators.pop()) if separators else [digits]
    is_western = all(len(group) == 3 for group in groups)
    is_indian = bool(groups) and len(groups[-1]) == 3 and all(len(group) == 2 for group in groups[:-1])
    is_sound = not groups or (1 <= len(head) <= (3 if is_western else 2) and not head.startswith("0"))
    return head + "".join(groups) if is_sound and (is_western or is_indian) else ""
