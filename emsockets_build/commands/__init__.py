"""The commands: each module parses its arguments, calls the rooms below, and prints."""
