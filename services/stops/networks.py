"""Networks that many people share on purpose – a kiosk, the hall of a service window –, as the locality names them."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.yaml_files import read_yaml


class Network(BaseModel):
    """One shared network.

    Attributes:
        name: What staff call it.
        community: Whose staff see when it is stopped.
        addresses: Addresses or networks (``192.0.2.0/28``) from which it reaches us.
        sessions: Conversations that may be opened from it in ten minutes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    name: str = Field(max_length=60)
    community: str
    addresses: tuple[str, ...] = Field(min_length=1)
    sessions: int = Field(ge=1)

    @field_validator("addresses")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one)
        return value

    def holds(self, address: str) -> bool:
        """Say whether an address is of this network."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in ip_network(one) for one in self.addresses)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    networks: tuple[Network, ...] = ()


def load(locality: Path) -> tuple[Network, ...]:
    """Return the networks of a locality; none when it has no file of them.

    Raises:
        ValueError: The file is malformed.
    """
    path = locality / "networks.yml"
    if not path.exists():
        return ()
    return _File.model_validate(read_yaml(path.read_text(encoding="utf-8"))).networks


def of(networks: Sequence[Network], address: str | None) -> Network | None:
    """Return the shared network an address belongs to."""
    return next((n for n in networks if address and n.holds(address)), None)
