"""The solved course as a static site that needs no server and no network.

`pages` says what it holds, `make` has Sphinx make HTML of it, `links` checks the result. Sphinx
and MyST-NB are an extra of the package: ``pip install -e ".[site]"``.
"""
