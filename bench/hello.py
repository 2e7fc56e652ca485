"""The smallest Flask application: what any page is held against."""

from flask import Flask

app = Flask("hello")


@app.get("/")
def hello() -> str:
    """Return one word."""
    return "hello"
