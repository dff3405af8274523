"""A month at three businesses, told over HTTP to a real server: what a front desk, a parent and an owner do."""
