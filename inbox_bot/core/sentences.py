"""Clean text cut into sentences, hard wraps joined; and which of them only speak of a possible case.

Phrases that are looked for inside a sentence are in `core/phrases.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import re2

from inbox_bot.core.cldr import month_numbers


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its span in the text; `text` is on one line, without quote marks."""

    start: int
    end: int
    text: str


# Openers that make a sentence a condition, by language. Words in lower case, a line each; Chinese ones need no blank
# behind. An opener that is another word in another language stands with what follows it ("om ni", "als u").
_OPENERS = {
    "en": """
        if|when|whenever|in case|in the event|should|unless|once|provided that|in cases|where the|where a|where you
        as soon as|assuming|suppose|even if
    """,
    "de": "wenn|falls|sofern|sollte|sollten|sobald|für den fall|im falle, dass|es sei denn",
    "fr": """
        si|s'il|s'ils|s'agissant d'un|lorsque|lorsqu'un|quand|en cas|dans le cas où|au cas où|dès que|à condition que
        à moins que|sauf si
    """,
    "it": "se|qualora|quando|nel caso|in caso|nell'eventualità|laddove|ove|non appena|a meno che|purché",
    "es": "si|cuando|en caso|en el caso|en caso de que|siempre que|una vez que|a menos que|salvo que",
    "pt": """
        se|quando|no caso|em caso|assim que|desde que|a menos que|salvo se|caso o|caso a|caso os|caso as|caso não
        caso você|caso tenha|caso queira|caso já|caso deseje|caso seja|caso contrário
    """,
    "nl": """
        indien|wanneer|mocht|mochten|in het geval|ingeval|zodra|tenzij|mits|als u|als de|als het|als je|als er|als dit
        als wij|als uw|als een|als deze
    """,
    "sv": """
        när|ifall|i fall|i det fall|i de fall|såvida|så snart|förutsatt att|om du|om ni|om köparen|om kunden|om vi
        om det|om inte|om kortinnehavaren|om varan|om beställningen|om paketet|om en|om ett|om den
    """,
    "pl": "jeśli|jesli|jeżeli|jezeli|gdy|gdyby|kiedy|w przypadku, gdy|w przypadku gdy|w razie|o ile|jak tylko|chyba że",
    "tr": "eğer|eger|şayet|sayet",
    "zh": "如果|若|如您|如买家|如需|如有|如|当|假如|倘若|一旦|万一|要是|除非",
    "ja": "もし|場合|万一|仮に",
}
CONDITIONAL_OPENERS: tuple[str, ...] = tuple(
    opener.strip()
    for lines in _OPENERS.values()
    for line in lines.strip().split("\n")
    for opener in line.split("|")
)
_NOT_OPENERS = (
    "如下",
    "如上",
    "如图",
    "如同",
    "如此",
    "如期",
    "如实",
    "如约",
    "如您所知",
    # Spanish "se ha" and "se trata" open no condition, as Italian and Portuguese "se" do.
    *[
        "se trata",
        "se han",
        "se nos",
        "se solicita",
        "se ruega",
        "se requiere",
        "se recibió",
        "se abrió",
        "se informa",
    ],
    *[
        "se ha abierto",
        "se ha recibido",
        "se ha iniciado",
        "se ha presentado",
        "se ha resuelto",
        "se ha decidido",
    ],
    *[
        "se ha cargado",
        "se ha debitado",
        "se ha descontado",
        "se le ha",
        "se les ha",
        "se debitó",
        "se cargó",
    ],
    *["当时", "当天", "当前", "当地", "当日"],
)
_ABBREVIATIONS = frozenset(
    word
    for line in (
        "mr mrs ms dr st ave rd blvd apt vs approx inc ltd co corp etc e.g i.e eg ie dept est ext fig ref tel prof jr",
        "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun sr",
        "z.b bzw ca inkl zzgl evtl ggf str usw d.h u.a hr fr",  # German
        "mme mlle réf env p.ex sig sig.ra dott sra srta ud uds núm p.ej",  # French, Italian, Spanish, Portuguese
        "bijv d.w.z i.v.m o.a dhr mevr evt m.b.t t.ex bl.a s.k kl t.o.m m.m",  # Dutch, Swedish
        "np tj tzw godz ul m.in ok itp itd vb sn bkz",  # Polish, Turkish
    )
    for word in line.split()
)
_ONLY_BEFORE_NUMBERS = frozenset(
    {"no", "nº", "n", "nr", "nos", "art", "par", "sec", "vol", "p", "pp", "num", "ord"}
)
_END = re2.compile(
    r"[.!?]{1,8}[\"')\]]{0,3}(?:[ \t\n]|$)|\p{Han}[!?]{1,8}|[。！？；…]{1,8}[”’\"')）」』]{0,3}|;[ \t\n]|"
    r"\n[ \t>|]{0,16}(?:\n|[-*•·][ \t]|[0-9]{1,2}[.)][ \t]|[A-Z][A-Za-z ]{1,28}:)|\n"
)
_OPENING = " \t\n>|-*•·\"'([（“「『"
_MOST_SENTENCES = 5_000  # a text with more is a flood: the rest of it counts as one sentence
_SHORT_LINE = 40  # a line this short that is followed by a capital was ended on purpose, not wrapped


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a clean text in order; hard-wrapped lines are joined, blank lines and list items split."""
    found: list[Sentence] = []
    start = 0
    for match in _END.finditer(text):
        if _is_end(text, start, match.start(), match.group()):
            end = match.start() + len(match.group().rstrip())
            if match.group()[0] == "\n":
                end = match.start()
            _add(found, text, start, end)
            start = end
            if len(found) >= _MOST_SENTENCES:
                break
    _add(found, text, start, len(text))
    return tuple(found)


def sentence_at(found: Sequence[Sentence], position: int) -> Sentence | None:
    """The sentence that holds the position; None between sentences. `found` is what `sentences` gave."""
    index = bisect_right(found, position, key=lambda sentence: sentence.start) - 1
    return found[index] if index >= 0 and position < found[index].end else None


def is_conditional(sentence: Sentence | str, openers: tuple[str, ...] = CONDITIONAL_OPENERS) -> bool:
    """True when the sentence begins like a condition ("If the buyer claims ..."), so that it states no fact."""
    words = sentence if isinstance(sentence, str) else sentence.text
    words = words[:80].lstrip(_OPENING).lower()
    if not words.startswith(openers) or words.startswith(_NOT_OPENERS):
        return False
    return any(words.startswith(opener) and _ends_word(words, opener) for opener in openers)


def _ends_word(words: str, opener: str) -> bool:
    following = words[len(opener) : len(opener) + 1]
    return not opener[-1].isascii() or not (following.isalnum() or (following in ("'", "-") and following))


def _is_end(text: str, start: int, at: int, mark: str) -> bool:
    if mark == "\n":
        return _is_chosen_line_end(text, start, at)
    if mark[0] != "." or mark[:2] == "..":
        return True
    word = text[max(start, at - 12) : at].split()[-1:]
    last = word[0].strip("(\"'[").lower() if word else ""
    following = text[at + 1 : at + 24].lstrip(" \t\n#:>")
    if last in _ONLY_BEFORE_NUMBERS or last in month_numbers():
        return not following[:1].isdigit()
    if last.isdigit() and len(last) <= 2 and _opens_with_month(following):
        return False
    return last not in _ABBREVIATIONS and not (len(last) == 1 and last.isalpha() and last != "i")


def _opens_with_month(text: str) -> bool:
    """Whether "12." is the day of a month."""
    words = text.split(maxsplit=1)
    return bool(words) and words[0].rstrip(".,;:)").lower() in month_numbers()


def _is_chosen_line_end(text: str, start: int, at: int) -> bool:
    """True for a short line before a capital letter, or a change from Latin to Chinese."""
    line = at - max(start, text.rfind("\n", max(0, at - _SHORT_LINE - 1), at) + 1)
    following = text[at + 1 : at + 12].lstrip(" \t>|")[:1]
    changes_script = following >= "\u3000" and at > start and text[at - 1].isascii()
    return line < _SHORT_LINE and (following.isupper() or changes_script)


def _add(found: list[Sentence], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    begin = start + len(piece) - len(piece.lstrip(" \t\n>|"))
    one_line = " ".join(line.lstrip(" \t>|") for line in text[begin:end].split("\n"))
    if begin < end and one_line.strip():
        found.append(Sentence(begin, begin + len(text[begin:end].rstrip()), " ".join(one_line.split())))
