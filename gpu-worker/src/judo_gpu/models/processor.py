"""The processor of every policy: Qwen2.5-VL's, without its video part.

The video part needs torchvision, which must stay out (or at vLLM's very version); nothing here reads videos. Pictures
are cut into patches by the Pillow back end, which gives the same patches on a laptop and on a GPU host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

# A sampled one of these has no image behind it, and the model's forward pass dies on it.
VISION_TOKENS = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>")


class ImageTextProcessor(Qwen2_5_VLProcessor):
    """Pictures and text in, tensors out."""

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(image_processor, tokenizer, None, chat_template=chat_template, **kwargs)  # type: ignore[no-untyped-call]

    @classmethod
    def get_attributes(cls) -> list[str]:
        return ["image_processor", "tokenizer"]

    def to_dict(self) -> dict[str, Any]:
        """Saved under the library's own name, so that other programs (vLLM) read the directory too."""
        return {**super().to_dict(), "processor_class": "Qwen2_5_VLProcessor"}


def load_processor(directory: Path) -> ImageTextProcessor:
    """The processor of a model directory. Pads on the left: right padding silently misplaces image positions when generating."""
    tokenizer = AutoTokenizer.from_pretrained(directory, padding_side="left", local_files_only=True)
    images = Qwen2VLImageProcessorPil.from_pretrained(directory, local_files_only=True)
    return ImageTextProcessor(images, tokenizer, chat_template=_chat_template(directory, tokenizer))


def _chat_template(directory: Path, tokenizer: PreTrainedTokenizerBase) -> str:
    separate = directory / "chat_template.jinja"
    if separate.is_file():
        return separate.read_text()
    template = tokenizer.chat_template
    if not isinstance(template, str):
        raise ValueError(f"{directory} has no chat template")
    return template


def vision_token_ids(processor: ImageTextProcessor) -> list[int]:
    """Ids never to be sampled."""
    vocabulary = processor.tokenizer.get_vocab()
    return sorted(vocabulary[token] for token in VISION_TOKENS if token in vocabulary)
