#!/usr/bin/env python3
"""Writes a llama model with random weights (2 layers, half a megabyte), for tests of the protocol.

usage: tiny-model.py OUT.gguf

It answers at once, with noise that a grammar makes valid: what such an answer says is worth nothing,
which is what the tests want to see noticed. The same file for the same version of gguf and numpy.
"""

import sys

import gguf
import numpy

WIDTH, LAYERS, HEADS, INNER, CONTEXT = 64, 2, 4, 128, 16384
SPECIALS, BYTES = 3, 256


def vocabulary():
    """Specials, every byte, and every printable character as a token of its own."""
    kinds = gguf.TokenType
    tokens = [b"<unk>", b"<s>", b"</s>"]
    types = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL]
    tokens += [f"<0x{byte:02X}>".encode() for byte in range(BYTES)]
    types += [kinds.BYTE] * BYTES
    printable = [chr(code) if code != 32 else "\u2581" for code in range(32, 127)]
    tokens += [char.encode() for char in printable]
    types += [kinds.NORMAL] * len(printable)
    scores = [0.0] * SPECIALS + [-1000.0] * BYTES + [-1.0] * len(printable)
    return tokens, types, scores


def describe(writer, tokens, types, scores):
    writer.add_name("aegis-tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(
        "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "
    )


def weights(writer, tokens):
    draws = numpy.random.default_rng(0)

    def random(*shape):
        return (draws.standard_normal(shape) * 0.2).astype(numpy.float32)

    # The first dimension is constant, so that it biases the logits: no single bytes, which would be
    # no UTF-8, no specials but the end, and quotes often, so that texts end soon.
    embedding, output = random(len(tokens), WIDTH), random(len(tokens), WIDTH) * 0.5
    embedding[:, 0] = 4.0
    output[: SPECIALS + BYTES, 0] = -10.0
    output[2, 0] = 0.0
    output[tokens.index(b'"'), 0] = 0.6
    ones = numpy.ones(WIDTH, numpy.float32)
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", ones)
    writer.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        writer.add_tensor(block + "attn_norm.weight", ones)
        writer.add_tensor(block + "ffn_norm.weight", ones)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{block}{part}.weight", random(WIDTH, WIDTH))
        writer.add_tensor(block + "ffn_gate.weight", random(INNER, WIDTH))
        writer.add_tensor(block + "ffn_up.weight", random(INNER, WIDTH))
        writer.add_tensor(block + "ffn_down.weight", random(WIDTH, INNER))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    writer = gguf.GGUFWriter(sys.argv[1], "llama")
    tokens, types, scores = vocabulary()
    describe(writer, tokens, types, scores)
    weights(writer, tokens)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
