"""The pure core: no I/O, no clock, no log; `now` is an argument and reasons are returned."""
