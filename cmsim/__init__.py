"""cmsim: run Cortex-M firmware without the board, and know what every inference costs."""

__version__ = "0.1.0"
