"""A stored plan checked a second time: read, calculated by a code of its own, planned again, and identified."""
