"""A network of handwritten digits, small enough to come with the package."""
