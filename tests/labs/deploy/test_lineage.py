from labs_lib.labs.deploy.lineage.exercises import lab
