on_counted_block: int
counts_settle: int
counts_resume: int
counts_interrupted: int
sizeof_block_count: int
sizeof_count_region: int
sizeof_counts: int
