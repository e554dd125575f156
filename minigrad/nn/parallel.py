"""`DataParallel`, for programs that wrap their model in it: on one device it is the model itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.nn.module import Module


class DataParallel(Module):
    """Calls `module`.  In PyTorch it splits the batch over several GPUs of one process; here that is one device.

    Parameters are named `module.*`, as in PyTorch.

    >>> import minigrad
    >>> minigrad.nn.DataParallel(minigrad.nn.Linear(3, 2))(minigrad.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self, module: Module, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        if device_ids is not None and len(device_ids) > 1:
            raise NotImplementedError(
                f"DataParallel on {len(device_ids)} devices is not supported: give one device, or none, "
                "and run several processes with minigrad.distributed for more"
            )
        self.module = module
        self.device_ids, self.output_device, self.dim = list(device_ids or ()), output_device, dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)
