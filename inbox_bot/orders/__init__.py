"""Where the facts about an order come from: the seller's reports and the seller's own mailbox."""
