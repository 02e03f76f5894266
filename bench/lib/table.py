"""Markdown tables of medians and ratios."""

import statistics


def median(results, key):
    """The median of a figure over the rounds; None where the contestant has none."""
    values = [result[key] for result in results if key in result]
    return statistics.median(values) if values else None


def ratio(results, others, key):
    """The median over the rounds of the ratio to another contestant in the same round."""
    if not results or not others or not all(key in result for result in results + others):
        return None
    return statistics.median(mine[key] / other[key] for mine, other in zip(results, others))


def cell(value, form):
    return "" if value is None else format(value, form)


def row(*cells):
    return f"| {' | '.join(cells)} |"


def head(*titles):
    return row(*titles) + "\n" + row(*("---" for _ in titles))
