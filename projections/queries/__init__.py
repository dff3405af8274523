"""The questions asked of read models: filters, order and pages of the lists."""
