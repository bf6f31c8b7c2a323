"""The demo's first workload: visits and spending in the RAND Health Insurance Experiment.

Reads  /data/*.csv          the dataset, mounted read-only (one row per person and year)
       /in/args.json        optional; {"variant": "unsafe"} also writes a table that must be refused
Writes /out/visits_by_group.csv, /out/extract.csv
"""

import csv
import glob
import json
import os
import sys

AGE_BANDS = ((6, "0-5"), (18, "6-17"), (30, "18-29"), (45, "30-44"), (200, "45-64"))
COLUMNS = ("zper", "year", "site", "xage", "female", "coins", "idp", "mdvis", "meddol", "disea")
SMALLEST_CLASS = 5


def age_band(age):
    return next(name for limit, name in AGE_BANDS if age < limit)


def plan(row):
    """The insurance plan as people knew it, not its number, which also names the site."""
    if row["idp"] == "1":
        return "individual-deductible"
    return {"0": "free", "25": "coinsurance-25", "50": "coinsurance-50"}.get(
        row["coins"], "coinsurance-95"
    )


def read(folder):
    rows = []
    for path in sorted(glob.glob(os.path.join(folder, "*.csv"))):
        with open(path, newline="", encoding="ascii") as file:
            reader = csv.reader(file)
            names = next(reader)
            places = [names.index(name) for name in COLUMNS]
            for fields in reader:
                row = {name: fields[place] for name, place in zip(COLUMNS, places)}
                row["age"] = float(row["xage"])
                row["sex"] = "female" if row["female"] == "1" else "male"
                row["visits"] = int(float(row["mdvis"]))
                row["spending"] = float(row["meddol"])
                rows.append(row)
    if not rows:
        sys.exit("no rows in " + folder)
    return rows


def write(name, header, lines):
    with open(os.path.join("/out", name), "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)


def visits_by_group(rows):
    """Totals over all years, dollars whole; means per person and year; `people` counts each once."""
    groups = {}
    for row in rows:
        groups.setdefault((row["site"], age_band(row["age"]), row["sex"]), []).append(row)
    order = [name for _, name in AGE_BANDS]
    for key in sorted(groups, key=lambda key: (key[0], order.index(key[1]), key[2])):
        members = groups[key]
        visits = sum(row["visits"] for row in members)
        spending = sum(row["spending"] for row in members)
        people = len({row["zper"] for row in members})
        yield (
            *key,
            people,
            visits,
            f"{visits / len(members):.3f}",
            f"{spending:.0f}",
            f"{spending / len(members):.2f}",
        )


def extract(rows):
    """One line per person, the first year; a combination of fewer than five people is left out."""
    first = {}
    for row in rows:
        known = first.get(row["zper"])
        if known is None or int(row["year"]) < int(known["year"]):
            first[row["zper"]] = row
    classes = {}
    for row in first.values():
        key = (row["site"], age_band(row["age"]), row["sex"], plan(row))
        # Spending to the nearest 50 dollars: an exact sum would single a person out.
        classes.setdefault(key, []).append((row["visits"], 50 * round(row["spending"] / 50)))
    for key in sorted(classes):
        if len(classes[key]) >= SMALLEST_CLASS:
            for visits, spending in sorted(classes[key]):
                yield (*key, visits, spending)


def chronic_by_single_year(rows):
    """Too fine on purpose: many of these groups are a few people, and the check must say so."""
    groups = {}
    for row in rows:
        groups.setdefault((row["site"], int(row["age"]), row["sex"]), []).append(row)
    for key in sorted(groups):
        members = groups[key]
        chronic = sum(float(row["disea"]) for row in members)
        people = len({row["zper"] for row in members})
        yield (*key, people, f"{chronic / len(members):.2f}")


def unsafe_wanted():
    if "--unsafe" in sys.argv[1:]:
        return True
    if not os.path.exists("/in/args.json"):
        return False
    with open("/in/args.json", encoding="utf-8") as file:
        return json.load(file).get("variant") == "unsafe"


def main():
    rows = read("/data")
    group = ("site", "age_band", "sex", "people")
    totals = ("visits_total", "visits_mean", "spending_total", "spending_mean")
    write("visits_by_group.csv", group + totals, visits_by_group(rows))
    header = ("site", "age_band", "sex", "plan", "mdvis", "meddol")
    write("extract.csv", header, extract(rows))
    if unsafe_wanted():
        header = ("site", "age", "sex", "people", "chronic_mean")
        write("chronic_by_single_year.csv", header, chronic_by_single_year(rows))
    print(f"{len(rows)} rows read")


main()
