"""What a folder is for: the server's special-use marks (RFC 6154), else the usual names in several languages.

Pure: it works on what the server listed. How a folder list is fetched is the business of `imap.py`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from inbox_bot.mail.mailbox import ServerFolder

SPECIAL_USES: Final = frozenset({"drafts", "sent", "junk", "trash", "archive", "all"})

USUAL_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "drafts": (
        *("Drafts", "Draft", "Entwürfe", "Brouillons", "Borradores", "Bozze", "Rascunhos", "Concepten"),
        *("Wersje robocze", "Szkice", "Utkast", "Kladder", "Taslaklar", "Черновики", "下書き"),
        *("草稿", "草稿箱", "草稿夹", "草稿匣"),
    ),
    "sent": (
        *("Sent", "Sent Items", "Sent Mail", "Sent Messages", "Gesendet", "Gesendete Objekte"),
        *("Gesendete Elemente", "Gesendete Nachrichten", "Envoyés", "Messages envoyés", "Éléments envoyés"),
        *("Enviados", "Elementos enviados", "Inviata", "Posta inviata", "Inviati", "Itens enviados"),
        *(
            "Verzonden",
            "Verzonden items",
            "Wysłane",
            "Elementy wysłane",
            "Skickat",
            "Sendt",
            "Gönderilmiş Öğeler",
        ),
        *("Отправленные", "送信済み", "送信済みアイテム", "送信済みメール"),
        *("已发送", "已发送邮件", "已发邮件", "已发送的邮件", "寄件备份", "寄件備份", "已傳送郵件"),
    ),
    "junk": (
        *("Junk", "Spam", "Junk E-mail", "Junk Email", "Junk Mail", "Bulk Mail", "Bulk", "Spamverdacht"),
        *("Junk-E-Mail", "Unerwünscht", "Indésirables", "Courrier indésirable", "Pourriel"),
        *("Correo no deseado", "No deseado", "Posta indesiderata", "Lixo eletrônico", "Lixo Eletrónico"),
        *("Ongewenste e-mail", "Wiadomości-śmieci", "Skräppost", "Uønsket", "Gereksiz", "Спам", "迷惑メール"),
        *("垃圾邮件", "垃圾邮件箱", "垃圾箱", "垃圾郵件", "广告邮件"),
    ),
    "trash": (
        *("Trash", "Deleted Items", "Deleted Messages", "Deleted", "Bin", "Papierkorb", "Gelöschte Elemente"),
        *("Corbeille", "Éléments supprimés", "Papelera", "Elementos eliminados", "Cestino", "Lixeira"),
        *("Prullenbak", "Kosz", "Papperskorgen", "Papirkurv", "Çöp Kutusu", "Корзина", "ゴミ箱"),
        *("已删除", "已删除邮件", "废件箱", "刪除的郵件"),
    ),
    "archive": (
        *("Archive", "Archives", "Archiv", "Archivo", "Archivio", "Arquivo", "Archief", "Archiwum", "Arkiv"),
        *("Arşiv", "Архив", "アーカイブ", "归档", "存档", "封存"),
    ),
    "all": (
        "All Mail",
        "Alle Nachrichten",
        "Tous les messages",
        "Todos",
        "Tutti i messaggi",
        "すべてのメール",
        "所有邮件",
    ),
}
"""The likeliest name first; compared without case, on the last part of the folder's path."""


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """A folder as the server listed it: readable name, path delimiter ("" when flat), attributes in lower case."""

    name: str
    delimiter: str
    attributes: frozenset[str]


def server_folders(listed: Iterable[ListedFolder]) -> tuple[ServerFolder, ...]:
    """The folders with their special uses, in the server's order."""
    listed = tuple(listed)
    folders = [
        ServerFolder(
            folder.name,
            frozenset(word for word in SPECIAL_USES if "\\" + word in folder.attributes),
            not folder.attributes & {"\\noselect", "\\nonexistent"},
        )
        for folder in listed
    ]
    marked = frozenset(word for folder in folders for word in folder.special_use)
    for use in SPECIAL_USES - marked:
        for index in _by_usual_name(listed, folders, use):
            folders[index] = replace(folders[index], special_use=folders[index].special_use | {use})
    return tuple(folders)


def _by_usual_name(listed: tuple[ListedFolder, ...], folders: list[ServerFolder], use: str) -> list[int]:
    """Where the use's folder stands: the likeliest name nearest the top; every one for junk, which is only read."""
    ranks = {_plain(name): rank for rank, name in enumerate(USUAL_NAMES[use])}
    found: list[tuple[int, int, int]] = []
    for index, folder in enumerate(listed):
        parts = folder.name.split(folder.delimiter) if folder.delimiter else [folder.name]
        rank = ranks.get(_plain(parts[-1]))
        if rank is not None and folders[index].selectable and not folders[index].special_use:
            found.append((len(parts), rank, index))
    found.sort()
    return [index for _, _, index in (found if use == "junk" else found[:1])]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()
