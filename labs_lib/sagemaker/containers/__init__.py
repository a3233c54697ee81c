"""What runs inside jobs and endpoints for the images that AWS provides.

Each module is a program of its own: it knows the container's folders and variables and
nothing of the server.
"""
