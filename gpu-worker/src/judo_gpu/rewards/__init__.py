"""Rewards of JUDO, AnomalyR1 and IAD-R1 as pure functions of text. The profile says whose rules decide (SPEC
4-6).
"""
