"""Page of an archive: its read-only API, and the page of the browser that shows it.

::

    Archive folder ─▶ ArchiveApi.answer(path, query) ─▶ Content ─▶ service, or `farside page`

`static/` holds the page: HTML, CSS and ES modules without a build step.
"""
