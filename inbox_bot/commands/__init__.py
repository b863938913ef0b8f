"""What each command does; `cli.py` imports a module here only when its command is used."""
