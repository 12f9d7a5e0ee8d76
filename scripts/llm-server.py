#!/usr/bin/env python3
"""A language model behind OpenAI's interface, for tests: llama.cpp's own HTTP server (PyPI xllamacpp).

usage: llm-server.py MODEL.gguf [PORT] [--embeddings]

Prints `ready http://127.0.0.1:PORT/v1` and serves until it is stopped, or standard input is closed.
Without a PORT the system picks a free one. One thread: two only wait for each other on a busy machine.
"""

import os
import sys
import threading

import xllamacpp


def serve(model, port, embeddings):
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = port
    # A token a byte is the worst that a model does: the longest prompt and an answer.
    params.n_ctx = 16384
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.n_gpu_layers = 0
    if embeddings:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.n_batch = params.n_ubatch = 512
    return xllamacpp.Server(params)


def free_port():
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    if not words:
        sys.exit(__doc__)
    port = int(words[1]) if len(words) > 1 else free_port()
    server = serve(words[0], port, "--embeddings" in sys.argv)
    print(f"ready http://127.0.0.1:{port}/v1", flush=True)
    if sys.stdin.isatty():
        threading.Event().wait()
    else:
        # Whoever started it holds the other end: when they die, so does this.
        sys.stdin.read()
    del server
    os._exit(0)


if __name__ == "__main__":
    main()
