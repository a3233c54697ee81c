"""A practice exam in the shape of MLA-C01, from the course's own questions."""
