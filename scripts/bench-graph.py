"""What LangGraph adds to the nodes that it calls: nanoseconds per node, the fastest of some runs."""

import os
import sqlite3
import tempfile
import time
import uuid
from typing import TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

NODES = 900


class Count(TypedDict):
    count: int


def line():
    """Two nodes that go to each other until the count is full."""
    graph = StateGraph(Count)
    for name, other in (("a", "b"), ("b", "a")):
        graph.add_node(name, lambda state: {"count": state["count"] + 1})
        graph.add_conditional_edges(
            name, lambda state, other=other: other if state["count"] < NODES else END, [other, END]
        )
    graph.add_edge(START, "a")
    return graph


def fastest(runs, once):
    times = []
    for _ in range(runs):
        begin = time.perf_counter_ns()
        result = once()
        times.append((time.perf_counter_ns() - begin) / NODES)
        assert result["count"] == NODES
    return min(times)


def measure(what, runs, saver=None, durability=None):
    graph = line().compile(checkpointer=saver)

    def once():
        config = {"recursion_limit": 2 * NODES, "configurable": {"thread_id": str(uuid.uuid4())}}
        more = {"durability": durability} if saver and durability else {}
        return graph.invoke({"count": 0}, config, **more)

    print(f"langgraph  {what:44} {fastest(runs, once):12.0f} ns a node", flush=True)


measure("no checkpointer", 5)
measure("in memory, durability exit", 5, InMemorySaver(), "exit")
measure("in memory, durability sync", 3, InMemorySaver(), "sync")
with tempfile.TemporaryDirectory() as folder:
    for durability in ("exit", "async", "sync"):
        path = os.path.join(folder, durability)
        connection = sqlite3.connect(path, check_same_thread=False)
        measure(f"SQLite in a file, durability {durability}", 3, SqliteSaver(connection), durability)
        connection.close()
