"""Training speed beside PyTorch, JAX and scikit-learn: ``python -m benchmarks.training`` (extra ``bench``).

``cases`` says what is trained, one ``with_…`` module trains it in each system, ``worker`` is the process that holds one
of them, and ``__main__`` lets them train in turns of some epochs, and prints medians and ratios.
"""
