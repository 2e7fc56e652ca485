"""Files out: what the directory holds, in the formats others read. A writer takes values and gives text; it opens nothing."""
