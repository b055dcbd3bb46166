"""Nodes run together and watched: plan, processes, observer, pictures, links between them."""
