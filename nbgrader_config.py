# nbgrader for this repository: run `nbgrader <command>` from its root.
#   nbgrader generate_assignment 03_delta_template --force
#   nbgrader autograde 03_delta_template
#   nbgrader generate_feedback 03_delta_template
# python -m autograder reads this file too, so a late penalty or an exporter set here holds for both.

import sys
import warnings

from sqlalchemy.exc import SAWarning

from autograder import labs
from autograder.course import nbgrader_steps
from autograder.course.lms import exchange, exporters

# nbgrader's own; nothing an instructor can do about it.
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

c = get_config()

# Submissions, gradebook and feedback are in the folder AUTOGRADER_COURSE, or in _build/course; what learners get is
# committed in exercises/.
course = labs.course_folder()
if not course.is_dir() and course != labs.COURSE:
    sys.exit(f"AUTOGRADER_COURSE: there is no folder {course}. Make it, or name the folder of your class")
c.CourseDirectory.root = str(course)
c.CourseDirectory.release_directory = str(labs.EXERCISES)
# The gradebook is in that folder, or at the address AUTOGRADER_DB_URL. A database server wants the course named.
if labs.gradebook_address():
    c.CourseDirectory.db_url = labs.gradebook_address()
    c.CourseDirectory.course_id = "backprop"

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.GenerateAssignment.preprocessors = nbgrader_steps.GENERATE

# A submission is read and rebuilt by the exporter, run by the first step of AUTOGRADE, and recorded by the
# others.
c.Autograde.exporter_class = nbgrader_steps.SubmissionExporter
c.Autograde.sanitize_preprocessors = nbgrader_steps.SANITIZE
c.Autograde.autograde_preprocessors = nbgrader_steps.AUTOGRADE

c.GenerateFeedback.exporter_class = nbgrader_steps.FeedbackExporter
c.GenerateFeedback.preprocessors = nbgrader_steps.FEEDBACK
c.ExportApp.plugin_class = exporters.GradesExporter
c.ExchangeFactory.release_feedback = exchange.ReleaseFeedback
# Where the book is served, such as "https://course.example/backprop"; feedback then links to chapters and mistakes.
c.FeedbackExporter.book = ""
