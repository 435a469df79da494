"""The books, checked by somebody who knows nothing of the code that wrote them: SQL on the tables alone.

`python -m safar.bench.checker URL` prints one JSON line, each broken rule with how often it is broken.
"""

import sys

import orjson
import psycopg

from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__, "checker.sql")


def broken_rules(url: str) -> dict[str, int]:
    """Return the rules that do not hold, by name, with the number of rows that break them."""
    broken: dict[str, int] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for rule, query in QUERIES.by_name.items():
            rows = connection.execute(query).fetchall()
            if rows:
                broken[rule] = len(rows)
                sys.stderr.write(f"{rule}: {rows[:5]}\n")
    return broken


if __name__ == "__main__":
    sys.stdout.write(orjson.dumps(broken_rules(sys.argv[1])).decode() + "\n")
