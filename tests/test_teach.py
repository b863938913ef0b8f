"""Teaching a wording: the marked mail reads right, so does the next of its kind, and nothing else becomes another."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from inbox_bot.core.errors import UserError
from inbox_bot.core.teaching import general_phrase, label_before, parse_mark
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.mail.message import read_mail
from inbox_bot.resources import bundled
from inbox_bot.teaching import SAMPLES, Classroom, fields_of, teach, write

SELLER = "Lampebutik Hansen <salg@lampebutik.example>"
FEW = "claim-en-*.eml"


@pytest.fixture
def room(tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted(bundled("fixtures").joinpath("emails").glob(FEW))[:6]:
        shutil.copy(path, few)
    rules = tmp_path / "rules"
    rules.mkdir()
    return Classroom(rules, read_mail, ("salg@lampebutik.example",), few)


def mail(text, *, subject="A matter", charset="utf-8", cte="quoted-printable", subtype="plain"):
    made = EmailMessage()
    made["From"] = "Amazon <cb-seller-notification@amazon.com>"
    made["To"] = SELLER
    made["Subject"] = subject
    made["Date"] = "Mon, 02 Nov 2026 09:12:00 +0000"
    made["Message-ID"] = "<0100018abc-77@eu-west-1.amazonses.com>"
    made["X-Envelope-To"] = "salg@lampebutik.example"
    made.set_content(text, subtype=subtype, charset=charset, cte=cte)
    return made.as_bytes()


def learn(room, raw, marks, language="", hide=()):
    taught = teach(
        room, raw, [parse_mark(one) for one in marks], name="a.eml", language=language, hide=hide, seed=7
    )
    assert taught.may_be_written, (taught.not_learnt, taught.kinds_changed, taught.leaks)
    write(taught)
    return taught


def read(room, raw):
    return fields_of(room.read(read_mail(raw), room.rules()))


DANISH = """Hej {shop},

Kortudstederen har gjort indsigelse mod betalingen for en af dine ordrer.

Ordrenr.: {order}
Omstridt beløb: {amount} DKK
Vare: {item}
Leveringsadresse:
{name}
{street}
{town}

Kortholderen oplyser, at {name} aldrig har modtaget varen.

Send os venligst et bevis for leveringen. Svar inden 7 dage.
"""
NORWEGIAN = """<html><body><p>Kortinnehaveren bestrider belastningen.</p><table>
<tr><td>Bestilling</td><td>{order}</td></tr><tr><td>Bestridt sum</td><td>{amount} NOK</td></tr>
<tr><td>Varenavn</td><td>{item}</td></tr></table><p>{name} opplyser at kj&oslash;pet ble belastet to ganger.</p></body></html>"""
CZECH = """Dobrý den,

držitel karty zpochybnil platbu za objednávku {order}.
Sporná částka: {amount} Kč
Zboží: {item}

Zákazník {name} uvádí, že zboží dorazilo poškozené.
"""
ENGLISH = """A payer's bank has halted the payment.

Purchase ref .... {order}
Sum in question .... USD {amount}
Thing bought .... {item}

Word from {name} is that the shirt came in the wrong hue and its seams gape.
"""
JAPANESE = """お客様のカード会社より連絡がありました。

ご注文の番号：{order}
問題の代金：{amount}円
しなもの：{item}

{name}様は、そのお買い物に身に覚えがないとのことです。
"""
FINNISH = """Kortin myöntäjä on riitauttanut maksun. Tilausnro {order}.

Riitautettu summa: {amount} EUR
Tuote: {item}

Asiakas {name} perui tilauksen ennen lähetystä.
"""
FIRST = {
    "order": "404-5512345-6623451",
    "amount": "449.00",
    "item": "Nordlys 7",
    "name": "Karen Mortensen",
    "street": "Skovvej 14, 2. tv",
    "town": "8600 Silkeborg",
    "shop": "Lampebutik Hansen",
}
SECOND = {
    "order": "404-7781112-3344556",
    "amount": "95.50",
    "item": "Havblik 3",
    "name": "Ole Bisgaard",
    "street": "Engvej 3",
    "town": "9000 Aalborg",
    "shop": "Lampebutik Hansen",
}
CASES = {
    "da": (
        DANISH,
        {},
        "da",
        [
            "kind.claim=gjort indsigelse mod betalingen",
            "reason.not_received=aldrig har modtaget varen",
            "amount=449.00 DKK",
            "items=Nordlys 7",
            "destination=Karen Mortensen",
            "wording.asking=Send os venligst",
            "ask.proof_of_delivery=bevis for leveringen",
        ],
        {"reason": "not_received", "currency": "DKK", "city": "Aalborg", "asks": ["proof_of_delivery"]},
    ),
    "nb": (
        NORWEGIAN,
        {"subtype": "html", "cte": "base64"},
        "nb",
        [
            "kind.claim=bestrider belastningen",
            "reason.duplicate=kjøpet ble belastet to ganger",
            "amount=449.00 NOK",
            "items=Nordlys 7",
        ],
        {"reason": "duplicate", "currency": "NOK"},
    ),
    "cs": (
        CZECH,
        {"charset": "iso-8859-2", "cte": "8bit"},
        "cs",
        [
            "kind.claim=držitel karty zpochybnil platbu",
            "reason.not_as_described=zboží dorazilo poškozené",
            "amount=449.00 Kč",
            "items=Nordlys 7",
        ],
        {"reason": "not_as_described", "currency": "CZK"},
    ),
    "en": (
        ENGLISH,
        {},
        "",
        [
            "kind.claim=A payer's bank has halted the payment",
            "reason.not_as_described=came in the wrong hue and its seams gape",
            "amount=USD 449.00",
            "items=Nordlys 7",
        ],
        {"reason": "not_as_described", "currency": "USD", "language": "en"},
    ),
    "ja": (
        JAPANESE,
        {"charset": "iso-2022-jp", "cte": "7bit"},
        "",
        [
            "kind.claim=カード会社より連絡がありました",
            "reason.unauthorized=そのお買い物に身に覚えがないとのこと",
            "amount=449.00円",
            "items=Nordlys 7",
        ],
        {"reason": "unauthorized", "currency": "JPY", "language": "ja"},
    ),
    "fi": (
        FINNISH,
        {"charset": "iso-8859-15"},
        "fi",
        [
            "kind.claim=riitauttanut maksun",
            "reason.cancelled=perui tilauksen ennen lähetystä",
            "amount=449.00 EUR",
            "items=Nordlys 7",
        ],
        {"reason": "cancelled", "currency": "EUR"},
    ),
}


@pytest.mark.parametrize("code", CASES)
def test_the_next_mail_of_that_wording_is_read_too(room, code):
    text, shape, language, marks, meant = CASES[code]
    later = mail(text.format(**SECOND), **shape)
    wanted = {"kind": "claim", "order_id": SECOND["order"], "items": [SECOND["item"]], **meant}
    wanted["amount"] = SECOND["amount"]
    unread = read(room, later)
    assert any(unread.get(name) != value for name, value in wanted.items()), "the rules know this wording"
    learn(room, mail(text.format(**FIRST), **shape), marks, language)
    found = read(room, later)
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize("code", CASES)
def test_rule_and_sample_hold_nothing_of_the_people_in_the_mail(room, code):
    text, shape, language, marks, _ = CASES[code]
    hide = () if code == "da" else ("Karen Mortensen",)
    taught = learn(room, mail(text.format(**FIRST), **shape), marks, language, hide)
    sample = read_mail(taught.sample.raw_bytes)
    shown = f"{sample.text} {sample.html_text} {sample.headers} {sample.subject} {taught.rules_text} {taught.expected}"
    shown += taught.sample.raw_bytes.decode("utf-8", "replace")
    for private in (
        "Karen",
        "Mortensen",
        "Skovvej",
        "8600",
        "Silkeborg",
        "lampebutik",
        "Hansen",
        FIRST["order"],
    ):
        assert private.lower() not in shown.lower(), private
    assert "0100018abc" not in shown
    original = next(
        read_mail(mail(text.format(**FIRST), **shape)).header_values(name) for name in ["Content-Type"]
    )
    assert sample.header_values("Content-Type")[0].split(";")[0] == original[0].split(";")[0]


@pytest.mark.parametrize("code", CASES)
def test_names_that_nobody_pointed_out_are_not_in_the_sample_either(room, code):
    text, shape, language, marks, _ = CASES[code]
    marks = [one for one in marks if not one.startswith("destination")]
    taught = learn(room, mail(text.format(**FIRST), **shape), marks, language)
    sample = read_mail(taught.sample.raw_bytes)
    for private in ("Karen", "Mortensen", "Skovvej", "Silkeborg"):
        assert private not in f"{sample.text} {sample.html_text} {sample.subject}", private


KNOWN = [
    "de/claim-unauthorized-table",
    "nl/claim-duplicate-labels",
    *(f"{code}/claim-labels" for code in ("fr", "it", "ja", "tr")),
]


@pytest.mark.parametrize("name", KNOWN)
def test_labels_that_look_like_names_stay_in_the_sample(room, name):
    path = bundled("fixtures") / "languages" / f"{name}.eml"
    order = json.loads(path.with_suffix(".expected.json").read_text("utf-8"))["order_id"]
    taught = teach(
        room, path.read_bytes(), [parse_mark(f"order_id={order}")], name=name, language="", hide=(), seed=7
    )
    assert taught.leaks == ()
    assert order.encode() not in taught.sample.raw_bytes


def test_the_sample_is_read_as_its_expected_file_says_and_guards_what_is_taught_later(room):
    text, shape, language, marks, _ = CASES["da"]
    learn(room, mail(text.format(**FIRST), **shape), marks, language)
    sample = next((room.rules_folder / SAMPLES).glob("*.eml"))
    expected = json.loads(sample.with_suffix(".expected.json").read_text("utf-8"))
    assert read(room, sample.read_bytes()) == expected
    taught = teach(
        room,
        mail(text.format(**SECOND), **shape),
        [parse_mark("reason.duplicate=oplyser, at Ole Bisgaard aldrig har modtaget varen")],
        name="b.eml",
        language=language,
        hide=(),
        seed=1,
    )
    assert any(change.field == "reason" for change in taught.changes) or not taught.may_be_written


def test_what_would_make_another_mail_a_notice_is_refused(room, tmp_path):
    news = mail("Selling made easy, part two.")
    news = news.replace(b"cb-seller-notification@amazon.com", b"no-reply@amazon.com")
    (tmp_path / "few" / "news.eml").write_bytes(news)
    raw = mail("Selling made easy: a bank asks.").replace(b"cb-seller-notification", b"unheard-of")
    taught = teach(
        room, raw, [parse_mark("kind.claim=Selling made easy")], name="a", language="", hide=(), seed=1
    )
    assert taught.after.kind.value == "claim"
    assert [change.mail.rpartition("/")[2] for change in taught.kinds_changed] == ["news.eml"]
    assert not taught.may_be_written


def test_what_was_written_before_stays_with_its_comments(room):
    mine = room.rules_folder / "notices.taught.toml"
    mine.write_text('# mine, do not touch\n[[label]]\nname = "own"\nmeans = "items"\nphrases = ["Gizmo"]\n')
    learn(room, mail("Zzz\n\nVaretype: Nordlys 7\n"), ["items=Nordlys 7"])
    files = sorted(room.rules_folder.glob("notices.taught*.toml"))
    assert mine in files
    assert "# mine, do not touch" in mine.read_text("utf-8")
    learn(room, mail("Zzz\n\nTingest: Nordlys 8\n"), ["items=Nordlys 8"])
    written = "".join(path.read_text("utf-8") for path in files)
    assert all(label in written for label in ("Gizmo", "Varetype", "Tingest"))
    assert all(parse_toml(path.read_text("utf-8"), "x").data for path in files)
    assert files[-1].stat().st_mode & 0o077 == 0 or files[-1] == mine


@pytest.mark.parametrize(
    ("mark", "complaint"),
    [
        ("reason.not_received=nothing of the kind", "does not stand in the mail"),
        ("order_id=404-5512345-6623451", "no label stands before"),
        ("reason.duplicate=7 dage", "says too little"),
        ("reason.duplicate=af dine ordrer. Ordrenr", "end of a sentence"),
    ],
)
def test_a_mark_that_cannot_be_learnt_says_why(room, mark, complaint):
    raw = mail("Om 404-5512345-6623451 for en af dine ordrer. Ordrenr blandt 7 dage.")
    with pytest.raises(UserError, match=complaint) as raised:
        teach(room, raw, [parse_mark(mark)], name="a.eml", language="", hide=(), seed=1)
    assert raised.value.problems[0].file == "" or "a.eml" in str(raised.value)
    assert not list(room.rules_folder.iterdir())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("reason.not_received", "no mark"),
        ("colour=red", "nothing that can be taught"),
        ("reason.late=x", "no meaning 'late'"),
        ("order_id=  ", "no mark"),
    ],
)
def test_a_mark_that_is_none_says_what_there_is(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_mark(text)


@pytest.mark.parametrize(
    ("words", "private", "phrase"),
    [
        ("The bank says Karen Mortensen never got it", ["Karen Mortensen"], "The bank says ... never got it"),
        ("(the card) was charged $20.50 twice on 3 May", [], "the card ... was charged ... twice on"),
        ("kunden Ole Bisgaard har aldrig fået varen", [], "kunden ... har aldrig fået varen"),
        ("カード会社は2026年11月2日に返金を求めました", [], "カード会社は...年...月...日に返金を求めました"),
    ],
)
def test_a_phrase_keeps_what_is_alike_from_mail_to_mail(words, private, phrase):
    assert general_phrase(words, private) == phrase


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Ordre nr.: X1", "Ordre nr"),
        ("* Ordrenummer  =  X1", "Ordrenummer"),
        ("Varenavn | X1", "Varenavn"),
        ("Levering til\nX1", "Levering til"),
        ("a\tVare\tX1", "Vare"),
    ],
)
def test_the_label_is_what_stands_before_the_value(text, label):
    assert label_before("X1", text) == label


def run(*arguments, **more):
    command = [sys.executable, "-m", "inbox_bot", "teach", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **more)


def test_the_command_writes_when_told_to_and_says_what_it_wrote(tmp_path):
    file, rules = tmp_path / "a.eml", tmp_path / "rules"
    rules.mkdir()
    text, shape, _, marks, _ = CASES["da"]
    file.write_bytes(mail(text.format(**FIRST), **shape))
    options = [word for mark in marks for word in ("--mark", mark)]
    looked = run(file, "--rules", rules, "--language", "da", *options, stdin=subprocess.DEVNULL)
    assert (looked.returncode, list(rules.iterdir())) == (1, [])
    assert "Nothing was written: add --yes" in looked.stdout
    done = run(file, "--rules", rules, "--language", "da", *options, "--yes", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert answer["would_read"]["reason"] == "not_received"
    assert [Path(one).exists() for one in answer["written"]] == [True, True]
    checked = subprocess.run(
        [sys.executable, "-m", "inbox_bot", "replay", file, "--rules", rules, "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(checked.stdout.splitlines()[0])["reason"] == "not_received"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["absent.eml", "--rules", "."], "does not exist"),
        (["--mark", "x=y"], "required"),
    ],
)
def test_bad_input_is_a_clear_error(arguments, complaint):
    done = run(*arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_folder_for_rules_the_remedy_is_named(tmp_path):
    file = tmp_path / "a.eml"
    file.write_bytes(mail("x"))
    config = tmp_path / "config.toml"
    config.write_text(
        '[[account]]\nname = "s"\naddress = "a@shop.example"\n[account.imap]\nhost = "localhost"\nsecret = "env:X"\n'
    )
    done = run(file, "--config", config)
    assert done.returncode == 2
    assert "rules_dir" in done.stderr


def test_question_and_answer_at_a_terminal(tmp_path):
    file, rules = tmp_path / "a.eml", tmp_path / "rules"
    rules.mkdir()
    file.write_bytes(mail(CASES["en"][0].format(**FIRST)))
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "inbox_bot", "teach", str(file), "--rules", str(rules)]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    answers = iter(
        [
            "claim", "not in it", "1", "", "USD 449.00", "Nordlys 7", "", "", "nonsense", "not_as_described",
            "came in the wrong hue and its seams gape", "", "", "", "y",
        ]
    )  # fmt: skip
    shown = ""
    while True:
        try:
            got = os.read(master, 4096).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            break
        if not got:
            break
        shown += got
        if (
            re.search(r"(?:\):|so:|stands there:|frame\?.*:|\]:) $", shown)
            and (answer := next(answers, None)) is not None
        ):
            os.write(master, f"{answer}\n".encode())
            shown += "|"
    os.close(master)
    assert process.wait(30) == 0, shown
    assert "does not stand in the mail" in shown
    assert "'nonsense' is none of these" in shown
    assert "Written:" in shown
    assert (rules / "notices.taught.en.toml").exists()
