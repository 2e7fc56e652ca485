"""The support directory: crisis lines, therapists, support groups and treatment programmes, found by place and need."""
