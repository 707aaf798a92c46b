# nbgrader for everybody on this machine; goes to /opt/tljh/user/etc/jupyter/nbgrader_config.py.
# The instructor's own settings are in nbgrader_config.py of the repository and are read with these.

c = get_config()

c.CourseDirectory.course_id = "backprop"
c.Exchange.root = "/srv/nbgrader/exchange"
c.Exchange.timezone = "UTC"

# Accounts belong to everybody who may log in: there is one course, and all are in it.
c.ExchangeSubmit.strict = True  # a hand-in without the lab's notebook is refused while its author can still mend it
