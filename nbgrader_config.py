# nbgrader for this repository: run `nbgrader <command>` from its root.
#   nbgrader generate_assignment 03_delta_template --force
#   nbgrader autograde 03_delta_template
#   nbgrader generate_feedback 03_delta_template
# python -m autograder reads this file too, so a late penalty or an exporter set here holds for both.

import os
import warnings

from sqlalchemy.exc import SAWarning

from autograder.course import labs, preprocessors

# nbgrader's own; nothing an instructor can do about it.
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

c = get_config()

# Submissions, gradebook and feedback are under _build/course, or where the environment says; what learners get is
# committed in exercises/.
c.CourseDirectory.root = os.path.abspath(os.environ.get("AUTOGRADER_COURSE", labs.COURSE))
c.CourseDirectory.release_directory = str(labs.EXERCISES)

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.GenerateAssignment.preprocessors = preprocessors.GENERATE

# A submission is read and rebuilt by the exporter, run by the first step of AUTOGRADE, and recorded by the
# others.
c.Autograde.exporter_class = preprocessors.SubmissionExporter
c.Autograde.sanitize_preprocessors = preprocessors.SANITIZE
c.Autograde.autograde_preprocessors = preprocessors.AUTOGRADE

c.GenerateFeedback.exporter_class = preprocessors.FeedbackExporter
c.GenerateFeedback.preprocessors = preprocessors.FEEDBACK
# Where the book is served, such as "https://course.example/backprop"; feedback then links to chapters and mistakes.
c.FeedbackExporter.book = ""
