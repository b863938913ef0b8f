"""Whose mail it is, where several sellers share one mailbox and are told apart by address, alias or +tag. Pure."""

from __future__ import annotations

from collections.abc import Collection

from inbox_bot.core.model import Mail

_DELIVERED = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To")


def is_for_another(mail: Mail, own: Collection[str], others: Collection[str]) -> bool:
    """Whether the mail is another account's: written to, or by, one of its addresses and none of ours.

    An address is compared whole first, so that `orders+fr@` is its own account's before it is a +tag of `orders@`. How
    it was delivered says less than to whom it was written: a shared mailbox is delivered under one name.
    """
    if not others:
        return False
    if mail.sender is not None and mail.sender.email in others and mail.sender.email not in own:
        return True
    for named in (_written_to(mail), _delivered_to(mail)):
        if named & set(own):
            return False
        if named & set(others):
            return True
    return False


def _written_to(mail: Mail) -> set[str]:
    return {one.email.lower() for one in mail.to if one.email}


def _delivered_to(mail: Mail) -> set[str]:
    return {
        value.strip().strip("<>").lower()
        for name in _DELIVERED
        for value in mail.header_values(name)
        if "@" in value
    }
