"""Telling people in time: channels, the ladder of a case, and how the process says whether it is well."""
