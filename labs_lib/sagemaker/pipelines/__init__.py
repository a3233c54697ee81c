"""SageMaker Pipelines: the definition JSON itself, carried out.

`definition` reads and checks it, `values` finds what a reference stands for, `steps` carries
out one step, `runner` an execution; `requests` holds the operations.
"""
