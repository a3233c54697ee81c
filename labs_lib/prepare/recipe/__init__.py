"""A recipe: feature engineering learned once, then the same for a million rows or for one.

A recipe is an ordered list of actions in the form of AWS Glue DataBrew. `Recipe.fit` learns
what each action needs (a mean, cut points, categories) from training data,
`Recipe.to_json` writes it down, and `Recipe.from_json` brings it to the place where live
rows arrive. The result for a row depends on that row and on the recipe alone, to the last
bit: not on the other rows of the batch, nor on the machine.
"""

from labs_lib.prepare.recipe.categories import MAX_CATEGORIES
from labs_lib.prepare.recipe.fitted import Recipe
from labs_lib.prepare.recipe.operations import OPERATIONS
from labs_lib.prepare.recipe.steps import action

__all__ = ["MAX_CATEGORIES", "OPERATIONS", "Recipe", "action"]
