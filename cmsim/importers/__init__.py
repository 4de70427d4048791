"""Importers: recordings that live elsewhere, turned into traces."""
