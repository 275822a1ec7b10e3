"""Searches and cross-validation whose fits run side by side: scikit-learn's own, in threads of this process."""
