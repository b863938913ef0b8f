"""The exhibit book: pictures, pages of other PDFs, and the setting of one PDF from all of it."""
