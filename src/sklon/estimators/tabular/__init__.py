"""Estimators for tables as they are: a frame goes in, and the network that a few seconds buy comes out.

``network`` and ``regimen`` know nothing of scikit-learn: runs train by them too.
"""
