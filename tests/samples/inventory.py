"""Stock of a small shop: what is on the shelves, and what to order."""

from dataclasses import dataclass, field


@dataclass
class Item:
    """One kind of goods."""

    name: str
    price: float
    quantity: int = 0
    minimum: int = 5

    def value(self):
        """What all pieces of this item are worth."""
        return self.price * self.quantity

    def is_low(self):
        """Whether there are fewer pieces than there should be."""
        return self.quantity < self.minimum


@dataclass
class Inventory:
    """All items of the shop, by name."""

    items: dict[str, Item] = field(default_factory=dict)

    def add(self, item):
        """Puts an item on the shelf; more of the same adds up."""
        if item.name in self.items:
            self.items[item.name].quantity += item.quantity
        else:
            self.items[item.name] = item

    def remove(self, name, quantity=1):
        """Takes pieces off the shelf."""
        item = self.items[name]
        if item.quantity < quantity:
            raise ValueError(f"only {item.quantity} of {name} left")
        item.quantity -= quantity

    def total_quantity(self):
        """The number of pieces in the shop."""
        return sum(item.quantity for item in self.items.values())

    def total_value(self):
        """What all pieces in the shop are worth."""
        return

    def low_items(self):
        """The items to order, in the order of their names."""
        return sorted(name for name, item in self.items.items() if item.is_low())
