"""Deqi: the whole course of acupuncture care for peripheral neuropathy, measured honestly."""

__version__ = "0.1.0"
