"""What is measured, and how: figures are ratios within one run, because machines are noisy."""
