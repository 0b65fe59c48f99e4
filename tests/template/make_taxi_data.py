#!/usr/bin/env python3
"""Writes a CSV of made-up taxi trips: make_taxi_data.py <file>. The same bytes every time. The cost follows distance, hour and
vendor with noise, so that a model can learn it; some trips are to be dropped (no distance, a missing value)."""
import csv
import math
import random
import sys

COLUMNS = [
    "vendor", "store_forward", "distance", "passengers", "pickup_latitude", "pickup_longitude", "dropoff_latitude",
    "dropoff_longitude", "pickup_weekday", "pickup_month", "pickup_hour", "cost",
]


def trip(draw):
    distance = 0.0 if draw.random() < 0.01 else round(draw.lognormvariate(0.8, 0.7), 2)
    hour, vendor = draw.randrange(24), draw.choice([1, 2])
    latitude, longitude = draw.uniform(40.6, 40.85), draw.uniform(-74.02, -73.77)
    direction = draw.uniform(0, 2 * math.pi)
    surcharge = 1.0 if 16 <= hour < 20 else 0.5 if hour >= 20 or hour < 6 else 0.0
    cost = 3 + 2.6 * distance + surcharge + 0.3 * (vendor == 2) + draw.gauss(0, 0.6)
    return [
        vendor, int(draw.random() < 0.02), distance, "" if draw.random() < 0.005 else draw.randrange(1, 7),
        round(latitude, 5), round(longitude, 5), round(latitude + distance * 0.0145 * math.sin(direction), 5),
        round(longitude + distance * 0.0145 * math.cos(direction), 5), draw.randrange(7), draw.randrange(1, 13), hour,
        round(max(cost, 2.5), 2),
    ]


draw = random.Random(20)
with open(sys.argv[1], "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(trip(draw) for _ in range(6000))
