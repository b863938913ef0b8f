"""The store: mails, files, events and the case rows derived from them, behind one Protocol; no SQL elsewhere."""
