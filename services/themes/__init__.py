"""每月一题: a year's frequent problems, one a month, led by a unit, with figures before and after."""
