"""Everything stands in pyproject.toml; this is for ``data-files`` in an editable install."""

from setuptools import Distribution, setup


class WithData(Distribution):
    """A distribution that `pip install -e` asks for its data files too.

    setuptools' editable install looks for a method of this name and defines none.
    """

    def has_data(self) -> bool:
        """Whether there are data files."""
        return bool(self.has_data_files())


setup(distclass=WithData)
