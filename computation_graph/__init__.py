"""Computation graphs that draw themselves and step through their forward and backward pass.

from computation_graph import Graph, draw

Graph("x = 2\\nw = 3\\nz = x * w", upstream=5)   # from a few lines
draw(loss, x=x, w=w)                            # from a Value, as built in lab 02
"""

from computation_graph.expressions import GraphError
from computation_graph.graph import Graph, draw

__all__ = ["Graph", "GraphError", "draw"]
