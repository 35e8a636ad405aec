"""The tiny model: a random Qwen2.5-VL of about a million parameters, made offline from a seed.

It has every part of the real one (windowed vision tower, patch merger, multimodal rotary positions, chat template,
special tokens), so that the same training code runs on two CPU cores. It knows nothing: a figure made with it stands
in for the real one and must be marked so.
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from judo_gpu.models.processor import VISION_TOKENS, ImageTextProcessor

VOCABULARY = 1536
HIDDEN = 128
HEADS = 4
PRODUCTS = (
    "board",
    "bottle",
    "fabric",
    "nut",
    "capsule",
    "cable",
    "carpet",
    "hazelnut",
    "leather",
    "screw",
    "tile",
)
DEFECTS = (
    "scratch",
    "crack",
    "hole",
    "stain",
    "dent",
    "missing part",
    "open circuit",
    "short",
    "spur",
    "pinhole",
    "cut",
)
PLACES = (
    "top left",
    "top right",
    "bottom left",
    "bottom right",
    "center",
    "left edge",
    "right edge",
    "upper half",
)
# Words of inspection reports: each becomes a token, which halves what a step computes.
WORDS = (
    "machined woven printed circuit board nut rim glass solder copper trace pad component lead thread weave cloth face edge "
    "corner border outline contour shape texture colour brightness surface region area spot mark piece layer mask legend hole "
    "gap patch void outer inner upper lower left right top bottom centre center middle across along around between inside "
    "outside near under over same other neighbouring corresponding separate missing broken chipped torn bent lifted shifted "
    "stained dark darker bright brighter pale clear clearly slightly strongly small large thin thick long short sharp smooth "
    "rough regular irregular intact normal anomalous defective visible absent expected covers crosses runs lies shows keeps "
    "regards concerned inspection inspector quality criteria matter reason cause effect strength function risk failure reject "
    "accept template sample reference deviation irregularity foreign oil rust residue fibre grey green brown "
    "yellow orange red white black which should would has have been there these this that such both two one first second "
    "with without from into than then what how why does are and for not any no only also because therefore hence so"
)
SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *VISION_TOKENS)
# Qwen2.5-VL's own template, without tools and videos.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "{% endif %}"
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_model(directory: Path, seed: int) -> None:
    """Write weights and processor of the tiny model of a seed; the same seed gives the same bytes."""
    processor = _processor()
    model = _model(processor, seed)
    directory.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(directory)
    processor.save_pretrained(directory)


def _model(processor: ImageTextProcessor, seed: int) -> Qwen2_5_VLForConditionalGeneration:
    ids = processor.tokenizer.get_vocab()
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(ids),
            "hidden_size": HIDDEN,
            "intermediate_size": 3 * HIDDEN,
            "num_hidden_layers": 3,
            "num_attention_heads": HEADS,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32768,
            "tie_word_embeddings": True,
            # The sections of time, height and width together are half a head.
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 6, 6]},
            "bos_token_id": ids["<|endoftext|>"],
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 4,
            "out_hidden_size": HIDDEN,
            "fullatt_block_indexes": [1],
            "window_size": 112,
        },
        tie_word_embeddings=True,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2_5_VLForConditionalGeneration(config)  # type: ignore[no-untyped-call]
    model.generation_config.eos_token_id = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    model.generation_config.bos_token_id = ids["<|endoftext|>"]
    return model


def _processor() -> ImageTextProcessor:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(SPECIAL_TOKENS),
        # Every byte is a token, so that any text encodes.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(corpus(), trainer)
    bpe.add_special_tokens(list(SPECIAL_TOKENS))
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(SPECIAL_TOKENS[1:2] + VISION_TOKENS),
        padding_side="left",
        model_max_length=32768,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    images = Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 1280)
    return ImageTextProcessor(images, tokenizer, chat_template=CHAT_TEMPLATE)


def corpus() -> list[str]:
    """Text of the kind that the stages read and write, the same in every process."""
    draw = random.Random(0)
    sentences = [
        "You are a helpful assistant.system\nuser\nassistant\n",
        WORDS,
        "The first image is the query image, the second is a normal image of the same product.",
        "Following is the query image: Following is the question list: Following is 1 image of normal sample.",
        "The first image is the query image, the second a normal image of the same product.\nQuestion: Options:\nA. B. C. D.",
        "Write the anomalous cells of a 16x16 grid over the first image as <seg> cells </seg>, row by row, as (row,column) or "
        "(row,first)-(row,last), or None. Then reason as <think> ... </think> and end with <answer>letter</answer>.",
        "Then describe what differs as <think> ... </think>. The image shows a normal sample of the product.",
        "<seg> None </seg>\n<think> There is no difference between the two images. </think>\n<answer>A</answer>",
        "Answer with the option's letter. A. Yes. B. No. C. Maybe. D. Unknown.",
        "Is there any defect in the object? There is a defect in the object. What is the type of the defect?",
        "What is the appearance of the defect? What is the effect of the defect? Where is the defect?",
        "In the center left of the image. In the upper right of the image. In the lower part of the picture.",
        "Therefore the correct answer is because the surface shows, compared with the reference, a visible change.",
        "This fits the observations, describes this correctly, whereas another option does not agree with what is visible, "
        "so the answer is A. hence the answer is B. therefore the answer is C.",
        "The option “None” describes this; of the options, “None” fits.",
        "It covers a small area and is about as bright as the corresponding place of the normal sample, where the same region "
        "keeps its expected shape and texture; such a deviation from the second image is a defect.",
    ]
    for _ in range(400):
        item, defect, place = draw.choice(PRODUCTS), draw.choice(DEFECTS), draw.choice(PLACES)
        row, column, width = draw.randint(1, 16), draw.randint(1, 12), draw.randint(1, 4)
        cells = f"({row},{column})-({row},{column + width})"
        sentences += [
            f"<seg> {cells} , ({draw.randint(1, 16)},{draw.randint(1, 16)}) </seg> <think> The {item} has a {defect} "
            f"at the {place}, which the normal image does not show. </think> <answer>{draw.choice('ABCD')}</answer>",
            f"What kind of defect does the {item} have? {draw.choice('ABCD')}. A {defect} near the {place} of the {item}.",
        ]
    return sentences
