"""The columns of a trip, in the order that the model takes them."""
TARGET = "cost"
NUMBERS = [
    "distance", "passengers", "pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude",
    "pickup_weekday", "pickup_month", "pickup_hour",
]
CATEGORIES = ["store_forward", "vendor"]
