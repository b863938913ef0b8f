"""The edges to mail: IMAP, SMTP and the reading of messages; each third-party library stops in one module."""
