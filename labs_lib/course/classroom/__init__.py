"""A class in sight: how an instructor sees where each learner of a room stands.

Nothing is sent unless a learner joins (`membership`). From then on the small state of `state` goes
to the class in the background (`sender`) whenever progress is recorded: into a file of a shared
folder (`folder`), or to the instructor's own server (`server`, which asks `service`). Both fill a
`room`, and the page in ``page/`` shows it.
"""
