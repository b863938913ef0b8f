"""inbox_bot answers Amazon chargeback notices from the seller's own mailbox."""

__version__ = "0.1.0"
