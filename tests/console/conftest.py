"""The world of the store's tests, in SQLite, for pages."""

from tests.access.conftest import conn as conn
from tests.access.conftest import world as world
