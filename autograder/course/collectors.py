"""Submissions from a learning platform's download: `nbgrader zip_collect 03_delta_template --collector=...`.

The file names that Canvas and Moodle make are the whole of what a download says about its owner.
"""

from __future__ import annotations

from nbgrader.plugins import FileNameCollectorPlugin
from traitlets import Unicode


class CanvasCollector(FileNameCollectorPlugin):
    """Assignment > Download Submissions of Canvas. A student is known by Canvas's number, the ID of its gradebook.

    A file is called <name>_LATE_<number of the student>_<number of the file>_<its name>, _LATE where it was late; a
    later upload under the same name has -1, -2 and so on at its end.
    """

    named_regexp = Unicode(r".*/\w+?_(?P<student_id>\d+)_\d+_(?P<file_id>[^/]+?)(?:-\d+)?\.ipynb$").tag(config=True)


class MoodleCollector(FileNameCollectorPlugin):
    """Assignment > Download all submissions of Moodle, in folders. A student is known by the participant number.

    A folder is called <full name>_<participant number>_assignsubmission_file_ (in newer versions without the last _).
    """

    named_regexp = Unicode(r".*/[^/]+_(?P<student_id>\d+)_assignsubmission_file_?/(?P<file_id>[^/]+)\.ipynb$").tag(
        config=True
    )
