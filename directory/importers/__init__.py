"""Files in, values out: a listing or a problem for every row. No database, no web, no printing here."""
