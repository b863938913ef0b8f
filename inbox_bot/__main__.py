"""`python -m inbox_bot` is the command line."""

from inbox_bot.cli import main

main()
