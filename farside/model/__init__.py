"""Recipes, checkpoints, neural networks, and the engines that run them."""
