"""Transcripts: what the program, its log and the server say about one run, in one order."""
