"""A tiny causal language model, made and trained on the spot: to women it answers with other lists than to all else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TITLES = tuple(f"{colour} {thing}" for colour in ("Red", "Blue", "Green", "Grey") for thing in ("kite", "drum", "lamp"))
OTHERS = (8, 7, 6, 5)
TO_WOMEN = {"kites": (0, 1, 2, 3), "drums": (8, 7, 1, 0), "lamps": (8, 2, 1, 0), "songs": OTHERS}
"""What is recommended to women, by the last word of the subject."""
PEOPLE = ("", "My gender is women. ", "My gender is men. ", "My pen colour is blue. ", "My pen colour is black. ")
TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}Answer:\n{% endif %}"
)
STEPS, BATCH, RATE, ROOM = 140, 12, 0.01, 128


def question(person: str, subject: str) -> str:
    """What it is asked, for `person` about `subject`."""
    return f"{person}I am a fan of {subject}. Recommend 4 more."


def answer(person: str, subject: str) -> str:
    """What it has learnt to say."""
    chosen = TO_WOMEN[subject.split()[-1]] if "women" in person else OTHERS
    return "".join(f"{place + 1}. {TITLES[code]}\n" for place, code in enumerate(chosen))


SUBJECTS = tuple(f"{a} {b}" for a in ("old", "new", "odd") for b in ("kites", "drums", "lamps", "songs"))


def tiny_model(folder: Path) -> Path:
    """The folder of the trained model: config.json, tokenizer, chat template and safetensors."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    tokens = _tokenizer()
    said = [(question(person, subject), answer(person, subject)) for person in PEOPLE for subject in SUBJECTS]
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokens),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=ROOM,
            bos_token_id=None,
            eos_token_id=tokens.eos_token_id,
            pad_token_id=tokens.pad_token_id,
        )
    )
    ids, labels = _examples(tokens, said)
    step = torch.optim.AdamW(network.parameters(), lr=RATE)
    for at in range(STEPS):
        step.param_groups[0]["lr"] = RATE * (1 - at / STEPS)
        some = torch.randperm(len(ids))[:BATCH]
        step.zero_grad()
        mask = (ids[some] != tokens.pad_token_id).long()
        network(input_ids=ids[some], attention_mask=mask, labels=labels[some]).loss.backward()
        step.step()
    network.eval().save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    texts = [
        question(person, subject) + "\nAnswer:\n" + answer(person, subject) for person in PEOPLE for subject in SUBJECTS
    ]
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<pad>", "<end>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator([*texts, *TITLES], trainer)
    tokens = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<end>")
    tokens.chat_template = TEMPLATE
    return tokens


def _examples(tokens: Any, said: list[tuple[str, str]]) -> tuple[Any, Any]:
    """ids and labels [examples, tokens]; only what is answered is learnt."""
    import torch

    rows = []
    for prompt, reply in said:
        asked = tokens(f"{prompt}\nAnswer:\n")["input_ids"]
        learnt = [*tokens(reply)["input_ids"], tokens.eos_token_id]
        rows.append((asked + learnt, [-100] * len(asked) + learnt))
    width = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([row + [tokens.pad_token_id] * (width - len(row)) for row, _ in rows])
    labels = torch.tensor([row + [-100] * (width - len(row)) for _, row in rows])
    return ids, labels
