"""Delivery reports in the shapes that servers write, about a mail of ours. All invented; `ID` is the mail's own id."""

from __future__ import annotations

ID = "<cb-4711@seller.example>"
TO = "cb-seller-notification@amazon.com"
SELLER = "orders@seller.example"

_HEAD = """From: {sender}
To: {seller}
Subject: {subject}
Message-ID: <bounce-{number}@mx.example>
Date: Mon, 02 Nov 2026 10:00:00 +0000
Auto-Submitted: auto-replied
MIME-Version: 1.0
"""
_REPORT = """Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=utf-8

{words}

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
X-Queue-ID: 1A2B3C

Final-Recipient: rfc822; {failed}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--b1
Content-Type: {returned}

Message-ID: {message_id}
From: {seller}
To: {to}
Subject: Re: chargeback
{more}
--b1--
"""
_EXIM = """X-Failed-Recipients: {to}
Content-Type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {to}
    host mx.amazon.example [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<{to}>:
    550 5.1.1 no such mailbox here

------ This is a copy of the message, including all the headers. ------

Return-path: <{seller}>
Message-ID: {message_id}
From: {seller}
To: {to}
Subject: Re: chargeback

Dear Amazon
"""
_QMAIL = """Content-Type: text/plain

Hi. This is the mail program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{to}>:
192.0.2.7 does not like recipient.
Remote host said: 554 delivery error: mailbox disabled
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.

Return-Path: <{seller}>
Message-Id: {message_id}
To: {to}

Dear Amazon
"""


def bounce(
    shape: str = "postfix",
    *,
    message_id: str = ID,
    failed: str = TO,
    action: str = "failed",
    status: str = "5.1.1",
    number: int = 1,
    seller: str = SELLER,
    to: str = TO,
) -> bytes:
    """One report as raw bytes; `shape` is postfix, exchange, gmail, headers, exim or qmail."""
    words = {
        "exchange": "Your message to Amazon couldn't be delivered.",
        "gmail": "** Address not found **\n\nYour message wasn't delivered.",
    }.get(shape, "This is the mail system at host mx.example.\n\nI'm sorry to have to inform you.")
    if action == "delayed":
        words = "Your message has been delayed. No action is required; it will be retried."
    senders = {
        "exchange": "Microsoft Outlook <MicrosoftExchange1a2b@seller.example>",
        "gmail": "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
    }
    head = _HEAD.format(
        sender=senders.get(shape, "MAILER-DAEMON@mx.example"),
        seller=seller,
        subject="Undeliverable: Re: chargeback",
        number=number,
    )
    values = {
        "words": words,
        "failed": failed,
        "action": action,
        "status": status,
        "diagnostic": f"550 {status} no such mailbox here",
        "message_id": message_id,
        "seller": seller,
        "to": to,
        "returned": "text/rfc822-headers" if shape == "headers" else "message/rfc822",
        "more": "" if shape == "headers" else "\nDear Amazon\n",
    }
    body = {"exim": _EXIM, "qmail": _QMAIL}.get(shape, _REPORT)
    return (head + body.format(**values)).replace("\n", "\r\n").encode()


SHAPES = ("postfix", "exchange", "gmail", "headers", "exim", "qmail")
