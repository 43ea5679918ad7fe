"""Vectors to themes: one neighbour graph, clusters, named and discovered themes, the map."""
