"""The chain rule through what was recorded, in words and as a picture."""
