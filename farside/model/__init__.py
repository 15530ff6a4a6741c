"""What runs: Recipes, checkpoints, networks and the engines that compute them."""
