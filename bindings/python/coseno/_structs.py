"""How the structs of the engine show themselves."""


def representation(struct: object) -> str:
    """RecommendedItem(item='tea', score=0.5, ...)"""
    fields = (
        f"{name}={getattr(struct, name)!r}"
        for name, field in vars(type(struct)).items()
        if isinstance(field, property)
    )
    return f"{type(struct).__name__}({', '.join(fields)})"
