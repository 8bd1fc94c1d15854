"""A site's pages, as small as they may be: for tests that need some page and not a certain site's.

Add ``bulk_admin.testing.pages`` to the tests' INSTALLED_APPS, and name ``bulk_admin.testing.pages.
adapter.SmallPages`` as ``BULK["PAGES"]``. There are no migrations: a test database gets the table.
"""
