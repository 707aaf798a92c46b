"""From a graded notebook to a page that is safe to open."""
