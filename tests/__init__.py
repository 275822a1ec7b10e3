"""Tests, in the folders of the package. Modules here that are no tests are what several of them share."""
