"""Boards: tables, not code."""
