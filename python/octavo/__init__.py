"""octavo runs quantized neural networks: LiteRT/TFLite files, equal to the reference to the bit."""

__version__ = "0.1.0"
